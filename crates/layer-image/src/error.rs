//! Why an image could not be made or read.

use std::io;

use ext4::{ConvertError, ReadError};
use verity::{VerifyError, VerityError};
use vhd::VhdError;

/// What went wrong, each with its cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The tar could not be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// The hash tree could not be made or read.
    #[error(transparent)]
    Verity(#[from] VerityError),
    /// An image is not what its hash tree says.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The footer of a virtual disk is damaged.
    #[error(transparent)]
    Vhd(#[from] VhdError),
    /// There is no ext4 file system to read.
    #[error(transparent)]
    Ext4(#[from] ReadError),
    /// The file system failed.
    #[error("{doing}")]
    Io {
        /// What was done, and with which file.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
