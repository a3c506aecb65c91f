//! What tests must know of Wine, which lacks some of what they test.

use crate::dll::Library;

static NTDLL: Library = Library::new("ntdll.dll");

/// Whether this is Wine and not Windows.
pub(crate) fn is_here() -> bool {
    NTDLL.find(c"wine_get_version").is_ok()
}

/// Says that a test is left out, where this is Wine; `why` is what Wine lacks.
#[must_use]
pub(crate) fn leaves_out(test: &str, why: &str) -> bool {
    let left_out = is_here();
    if left_out {
        println!("left out: {test}: {why}");
    }
    left_out
}
