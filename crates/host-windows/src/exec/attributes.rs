//! The list of what a new process gets beyond the usual.

use std::ffi::c_void;
use std::io;
use std::marker::PhantomData;
use std::os::windows::io::RawHandle;

use windows_sys::Win32::System::Console::HPCON;
use windows_sys::Win32::System::Threading::{
    DeleteProcThreadAttributeList, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_JOB_LIST,
    PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, UpdateProcThreadAttribute,
};

/// How many attributes there are.
const COUNT: u32 = 3;

/// One thing that a new process gets.
pub(super) enum Attribute<'a> {
    /// These handles and no others.
    Inherited(&'a [RawHandle]),
    /// A place in this job.
    Job(&'a RawHandle),
    /// This console.
    Console(HPCON),
}

/// A list that borrows what is in it.
pub(super) struct AttributeList<'a> {
    memory: Vec<usize>,
    content: PhantomData<&'a ()>,
}

impl<'a> AttributeList<'a> {
    /// An empty list with room for one attribute of each kind.
    pub(super) fn new() -> io::Result<Self> {
        let mut size = 0;
        // SAFETY: without memory the function only says how much it needs.
        unsafe {
            InitializeProcThreadAttributeList(std::ptr::null_mut(), COUNT, 0, &raw mut size);
        }
        let mut memory = vec![0; size.div_ceil(size_of::<usize>())];
        // SAFETY: the memory has the size that was asked for, and is aligned.
        let done = unsafe {
            InitializeProcThreadAttributeList(memory.as_mut_ptr().cast(), COUNT, 0, &raw mut size)
        };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { memory, content: PhantomData })
    }

    /// Puts an attribute in.
    pub(super) fn set(&mut self, attribute: &Attribute<'a>) -> io::Result<()> {
        let (kind, value, size): (u32, *const c_void, usize) = match *attribute {
            Attribute::Inherited(handles) => {
                (PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles.as_ptr().cast(), size_of_val(handles))
            }
            Attribute::Job(job) => (
                PROC_THREAD_ATTRIBUTE_JOB_LIST,
                std::ptr::from_ref(job).cast(),
                size_of::<RawHandle>(),
            ),
            // This one is not pointed to: its value is the pointer.
            Attribute::Console(console) => {
                (PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, console as *const c_void, size_of::<HPCON>())
            }
        };
        // SAFETY: the list was initialized, and what the value points to is
        // borrowed for the list's life.
        let done = unsafe {
            UpdateProcThreadAttribute(
                self.as_ptr(),
                0,
                kind as usize,
                value,
                size,
                std::ptr::null_mut(),
                std::ptr::null(),
            )
        };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// The list, for `STARTUPINFOEXW`.
    pub(super) fn as_ptr(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.memory.as_mut_ptr().cast()
    }
}

impl Drop for AttributeList<'_> {
    fn drop(&mut self) {
        // SAFETY: the list was initialized and is not used any more.
        unsafe { DeleteProcThreadAttributeList(self.as_ptr()) };
    }
}
