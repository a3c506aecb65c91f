//! The functions of virtdisk.dll.

use windows_sys::Win32::Foundation::{HANDLE, WIN32_ERROR};
use windows_sys::Win32::Security::PSECURITY_DESCRIPTOR;
use windows_sys::Win32::Storage::Vhd::{
    ATTACH_VIRTUAL_DISK_FLAG, ATTACH_VIRTUAL_DISK_PARAMETERS, CREATE_VIRTUAL_DISK_FLAG,
    CREATE_VIRTUAL_DISK_PARAMETERS, DETACH_VIRTUAL_DISK_FLAG, EXPAND_VIRTUAL_DISK_FLAG,
    EXPAND_VIRTUAL_DISK_PARAMETERS, GET_VIRTUAL_DISK_INFO, OPEN_VIRTUAL_DISK_FLAG,
    OPEN_VIRTUAL_DISK_PARAMETERS, RESIZE_VIRTUAL_DISK_FLAG, RESIZE_VIRTUAL_DISK_PARAMETERS,
    VIRTUAL_DISK_ACCESS_MASK, VIRTUAL_STORAGE_TYPE,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::dll::{Library, imports};

/// The DLL of virtual disks.
pub(super) static VIRTDISK: Library = Library::new("virtdisk.dll");

imports! { VIRTDISK {
    fn CreateVirtualDisk(
        storage: *const VIRTUAL_STORAGE_TYPE,
        path: *const u16,
        access: VIRTUAL_DISK_ACCESS_MASK,
        security: PSECURITY_DESCRIPTOR,
        flags: CREATE_VIRTUAL_DISK_FLAG,
        provider_flags: u32,
        parameters: *const CREATE_VIRTUAL_DISK_PARAMETERS,
        overlapped: *const OVERLAPPED,
        disk: *mut HANDLE,
    ) -> WIN32_ERROR;
    fn OpenVirtualDisk(
        storage: *const VIRTUAL_STORAGE_TYPE,
        path: *const u16,
        access: VIRTUAL_DISK_ACCESS_MASK,
        flags: OPEN_VIRTUAL_DISK_FLAG,
        parameters: *const OPEN_VIRTUAL_DISK_PARAMETERS,
        disk: *mut HANDLE,
    ) -> WIN32_ERROR;
    fn AttachVirtualDisk(
        disk: HANDLE,
        security: PSECURITY_DESCRIPTOR,
        flags: ATTACH_VIRTUAL_DISK_FLAG,
        provider_flags: u32,
        parameters: *const ATTACH_VIRTUAL_DISK_PARAMETERS,
        overlapped: *const OVERLAPPED,
    ) -> WIN32_ERROR;
    fn DetachVirtualDisk(disk: HANDLE, flags: DETACH_VIRTUAL_DISK_FLAG, provider_flags: u32) -> WIN32_ERROR;
    fn GetVirtualDiskPhysicalPath(disk: HANDLE, size: *mut u32, path: *mut u16) -> WIN32_ERROR;
    fn GetVirtualDiskInformation(
        disk: HANDLE,
        size: *mut u32,
        information: *mut GET_VIRTUAL_DISK_INFO,
        used: *mut u32,
    ) -> WIN32_ERROR;
    fn ExpandVirtualDisk(
        disk: HANDLE,
        flags: EXPAND_VIRTUAL_DISK_FLAG,
        parameters: *const EXPAND_VIRTUAL_DISK_PARAMETERS,
        overlapped: *const OVERLAPPED,
    ) -> WIN32_ERROR;
    fn ResizeVirtualDisk(
        disk: HANDLE,
        flags: RESIZE_VIRTUAL_DISK_FLAG,
        parameters: *const RESIZE_VIRTUAL_DISK_PARAMETERS,
        overlapped: *const OVERLAPPED,
    ) -> WIN32_ERROR;
} }
