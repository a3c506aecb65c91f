//! Turns the tar of an image layer into an ext4 image.
#![forbid(unsafe_code)]

mod arguments;
mod flags;
mod input;
mod size;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;
use layer_image::{Converted, ImageFile};
use serde_json::json;

use arguments::Arguments;
use input::Input;

fn main() -> ExitCode {
    let arguments = match flags::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(refused) => return refused.show(),
    };
    if let Some(shell) = arguments.completions {
        let mut command = Arguments::command();
        clap_complete::generate(shell, &mut command, "tar2ext4", &mut io::stdout());
        return ExitCode::SUCCESS;
    }
    let caught = ctrlc::set_handler(|| {
        layer_image::remove_unfinished();
        // As a shell counts it: 128 and SIGINT.
        std::process::exit(130);
    });
    let outcome = caught.context("catching Ctrl-C").and_then(|()| run(&arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Without the program's name in front, as the reference has it.
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if arguments.roothash {
        let root = layer_image::root_digest(
            Input::open(arguments)?.unpacked()?,
            &arguments.root_hash_options(),
        )?;
        let text = verity::to_hex(&root);
        return print(&if arguments.json { json!({ "rootHash": text }).to_string() } else { text });
    }
    // clap has seen to it that there is one.
    let Some(path) = &arguments.output else { return Ok(()) };
    let input = Input::open(arguments)?;
    let (image, file) = ImageFile::create(path)?;
    let options = arguments.convert_options();
    let converted = match input.file() {
        // The kernel copies from file to file.
        Some(input) if arguments.only_vhd => {
            let input = input.try_clone().context("reading the input")?;
            layer_image::convert(input, file, image.is_new(), &options)?
        }
        _ if arguments.only_vhd => {
            layer_image::convert(input.unchanged(), file, image.is_new(), &options)?
        }
        _ => layer_image::convert(input.unpacked()?, file, image.is_new(), &options)?,
    };
    image.publish()?;
    report(path, &converted, arguments.json)
}

/// The reference says nothing, so neither do we where it could have been asked.
fn report(path: &Path, converted: &Converted, as_json: bool) -> Result<()> {
    let root = converted.root_digest.map(|root| verity::to_hex(&root));
    match root {
        _ if as_json => print(
            &json!({
                "image": path.display().to_string(),
                "size": converted.size,
                "dataSize": converted.data_size,
                "rootHash": root,
            })
            .to_string(),
        ),
        Some(root) => print(&root),
        None => Ok(()),
    }
}

fn print(line: &str) -> Result<()> {
    writeln!(io::stdout(), "{line}").context("writing to standard output")
}
