//! Why an image could not be written or read.

use std::io;

/// What went wrong while an image was written.
///
/// The texts begin as the reference's do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output failed.
    #[error("writing the image at byte {position}")]
    Output {
        /// Where the output failed, in bytes.
        position: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The image has no room for what it was given.
    #[error("disk exceeded maximum size of {0} bytes")]
    DiskFull(u64),
    /// More files than the limit allows, or than the largest disk has inodes for.
    #[error("{path}: too many files: {limit} are allowed, or fit into a disk of the largest size")]
    TooManyFiles {
        /// The file that is one too many.
        path: String,
        /// The limit.
        limit: u64,
    },
    /// A name that a directory can't hold.
    #[error("{0}: invalid name: a name has 1 to 255 bytes")]
    InvalidName(String),
    /// A folder on the way is missing, or is none.
    #[error("{0}: path not found: its folder does not exist, or is a file")]
    PathNotFound(String),
    /// The file is missing.
    #[error("{0}: file not found")]
    FileNotFound(String),
    /// A file was to stand where a directory is.
    #[error("{0}: cannot replace a directory with a file")]
    DirectoryToFile(String),
    /// A directory was to stand where a file is.
    #[error("{0}: cannot replace a file with a directory")]
    FileToDirectory(String),
    /// A hard link was to stand where a directory is.
    #[error("{0}: cannot orphan existing file or directory: a link can't take its name")]
    LinkOverDirectory(String),
    /// A hard link to a directory.
    #[error("{path}: link target cannot be a directory: {target}")]
    LinkToDirectory {
        /// The link.
        path: String,
        /// What it was to link to.
        target: String,
    },
    /// A file has as many names as it can have.
    #[error("{path}: link target would exceed maximum link count: {target} has 65000 links")]
    TooManyLinks {
        /// The link.
        path: String,
        /// What it was to link to.
        target: String,
    },
    /// A file beyond 128 GiB.
    #[error("{path}: file too big: {size} > {limit}")]
    FileTooBig {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The largest size.
        limit: u64,
    },
    /// A mode whose type is none of the seven.
    #[error("{path}: invalid mode {mode:o}")]
    InvalidMode {
        /// The file.
        path: String,
        /// Its mode.
        mode: u16,
    },
    /// The attributes of a file take more than its inode and one block.
    #[error(
        "{path}: could not fit xattr {name}: a file has room for 96 bytes of attributes in its \
         inode and for 4060 in one block"
    )]
    XattrTooBig {
        /// The file.
        path: String,
        /// The attribute that has no room.
        name: String,
    },
    /// An attribute's name that Linux can't have.
    #[error("{path}: invalid xattr name {name:?}: {reason}")]
    XattrName {
        /// The file.
        path: String,
        /// The attribute.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A link's target that no kernel follows.
    #[error("{path}: invalid symbolic link: {reason}")]
    InvalidSymlink {
        /// The link.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More data than the file was announced with.
    #[error("{path}: wrote too much: {written} > {size}")]
    TooMuchData {
        /// The file.
        path: String,
        /// What it would have.
        written: u64,
        /// What was announced.
        size: u64,
    },
    /// Less data than the file was announced with.
    #[error("{path}: did not write the right amount: {written} != {size}")]
    TooLittleData {
        /// The file.
        path: String,
        /// What it has.
        written: u64,
        /// What was announced.
        size: u64,
    },
    /// Data with no file to take it.
    #[error("data was written, but no file is open that takes it")]
    NoFile,
    /// A link's target lies in a block of the image.
    #[error("{0}: cannot retrieve link information")]
    LongLink(String),
    /// The attributes of a directory were too many to be kept.
    #[error("{0}: its attributes are no longer known: too many directories have large ones")]
    ForgottenXattrs(String),
    /// An earlier call failed.
    #[error("the image is unfinished: an earlier call failed")]
    Failed,
}

/// Why a superblock could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The image could not be read.
    #[error("failed to read ext4 superblock")]
    Input(#[from] io::Error),
    /// There is no ext4 file system.
    #[error("not an ext4 file system")]
    NotExt4,
    /// A field that no ext4 file system has.
    #[error("not a valid ext4 file system: {0}")]
    Invalid(&'static str),
}
