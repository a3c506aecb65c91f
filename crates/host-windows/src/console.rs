//! The console that this program was started on.

use std::io;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, CONSOLE_SCREEN_BUFFER_INFO, DISABLE_NEWLINE_AUTO_RETURN, ENABLE_ECHO_INPUT,
    ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT, ENABLE_PROCESSED_OUTPUT,
    ENABLE_VIRTUAL_TERMINAL_INPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode,
    GetConsoleScreenBufferInfo, GetStdHandle, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetConsoleMode,
};

/// The console of this program's stdin and stdout. Windows owns the handles.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    input: usize,
    output: usize,
}

impl Console {
    /// The console, where both streams are one.
    pub fn find() -> Option<Self> {
        // SAFETY: the calls take no pointers.
        let (input, output) =
            unsafe { (GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE)) };
        let is_console = |handle: HANDLE| {
            !handle.is_null() && handle != INVALID_HANDLE_VALUE && mode(handle).is_ok()
        };
        (is_console(input) && is_console(output))
            .then_some(Self { input: input as usize, output: output as usize })
    }

    /// Columns and rows of its window; `None` where it has none.
    pub fn size(&self) -> Option<(u16, u16)> {
        let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
        // SAFETY: the structure is ours to be filled.
        if unsafe { GetConsoleScreenBufferInfo(self.output as HANDLE, &raw mut info) } == 0 {
            return None;
        }
        let length = |from: i16, to: i16| u16::try_from(i32::from(to) - i32::from(from) + 1).ok();
        let window = info.srWindow;
        Some((length(window.Left, window.Right)?, length(window.Top, window.Bottom)?))
            .filter(|(columns, rows)| *columns > 0 && *rows > 0)
    }

    /// Passes every key on and shows terminal sequences, until the value is
    /// dropped or the program ends in good order.
    ///
    /// # Errors
    /// The console refuses the mode: this Windows has no terminal sequences.
    pub fn raw_mode(&self) -> io::Result<RawMode> {
        let saved = RawMode {
            console: *self,
            input: mode(self.input as HANDLE)?,
            output: mode(self.output as HANDLE)?,
        };
        let line = ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT;
        set_mode(self.input as HANDLE, saved.input & !line | ENABLE_VIRTUAL_TERMINAL_INPUT)?;
        let sequences = ENABLE_PROCESSED_OUTPUT
            | ENABLE_VIRTUAL_TERMINAL_PROCESSING
            | DISABLE_NEWLINE_AUTO_RETURN;
        set_mode(self.output as HANDLE, saved.output | sequences)?;
        Ok(saved)
    }
}

/// A console that passes every key on; dropped, it is as it was before.
#[derive(Debug)]
pub struct RawMode {
    console: Console,
    input: CONSOLE_MODE,
    output: CONSOLE_MODE,
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A console that has gone needs no mode.
        let _ = set_mode(self.console.input as HANDLE, self.input);
        let _ = set_mode(self.console.output as HANDLE, self.output);
    }
}

fn mode(handle: HANDLE) -> io::Result<CONSOLE_MODE> {
    let mut mode = 0;
    // SAFETY: the number is ours to be filled.
    match unsafe { GetConsoleMode(handle, &raw mut mode) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(mode),
    }
}

fn set_mode(handle: HANDLE, mode: CONSOLE_MODE) -> io::Result<()> {
    // SAFETY: the call takes no pointer.
    match unsafe { SetConsoleMode(handle, mode) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
