//! A stand-in for computenetwork.dll, for networks that `hcs-gateway` does not have:
//! every call checks its arguments and says that it is not supported.
#![cfg(windows)]
// Its exports are linked by their names from C.
#![allow(unsafe_code)]

mod answer;
mod endpoints;
mod guest;
mod load_balancers;
mod namespaces;
mod networks;
mod routes;
