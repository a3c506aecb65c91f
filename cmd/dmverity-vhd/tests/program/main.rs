//! The program, run on images that are made here.

mod choose;
mod create;
mod hostile;
mod images;
mod inspect;
mod kernel;
mod run;
mod single;
mod verify;
