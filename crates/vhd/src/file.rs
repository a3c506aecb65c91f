//! The footer at the end of a file.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::footer::has_cookie;
use crate::{Footer, VhdError};

/// Makes a fixed disk of a file: appends the footer, and returns the bytes
/// before it; the reference's `ConvertToVhd`. The position is then at the end.
///
/// # Errors
/// Those of the file.
pub fn append<W: Write + Seek>(mut file: W, unique_id: [u8; 16]) -> io::Result<u64> {
    let size = file.seek(SeekFrom::End(0))?;
    file.write_all(&Footer::fixed(size, unique_id).to_bytes())?;
    Ok(size)
}

/// Reads the footer of a file, its last 512 bytes; none where these don't
/// begin with the cookie. The position is then at the end.
///
/// # Errors
/// Those of the file and of [`Footer::parse`], and [`VhdError::Truncated`]
/// where a fixed disk is larger than what precedes its footer.
pub fn read<R: Read + Seek>(mut file: R) -> Result<Option<Footer>, VhdError> {
    let Some(available) = file.seek(SeekFrom::End(0))?.checked_sub(Footer::LEN as u64) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(available))?;
    let mut bytes = [0; Footer::LEN];
    file.read_exact(&mut bytes)?;
    if !has_cookie(&bytes) {
        return Ok(None);
    }
    let footer = Footer::parse(&bytes)?;
    if footer.is_fixed() && footer.current_size > available {
        return Err(VhdError::Truncated { size: footer.current_size, available });
    }
    Ok(Some(footer))
}
