//! Builds that have names.
//!
//! | build | names | what it is |
//! |---|---|---|
//! | 14393 | `RS1`, `V1607`, `LTSC2016` | Windows 10 1607, Windows Server 2016 |
//! | 15063 | `RS2`, `V1703` | Windows 10 1703 |
//! | 16299 | `RS3`, `V1709` | Windows 10 and Windows Server 1709 |
//! | 17134 | `RS4`, `V1803` | Windows 10 and Windows Server 1803 |
//! | 17763 | `RS5`, `V1809`, `LTSC2019` | Windows 10 1809, Windows Server 2019 |
//! | 18362 | `V19H1`, `V1903` | Windows 10 and Windows Server 1903 |
//! | 18363 | `V19H2`, `V1909` | Windows 10 and Windows Server 1909 |
//! | 19041 | `V20H1`, `V2004` | Windows 10 and Windows Server 2004 |
//! | 19042 | `V20H2` | Windows 10 and Windows Server 20H2 |
//! | 19043 | `V21H1` | Windows 10 21H1 |
//! | 19044 | `V21H2_WIN10` | Windows 10 21H2 |
//! | 19045 | `V22H2_WIN10` | Windows 10 22H2 |
//! | 20348 | `V21H2_SERVER`, `LTSC2022` | Windows Server 2022 |
//! | 22000 | `V21H2_WIN11` | Windows 11 21H2 |
//! | 22621 | `V22H2_WIN11` | Windows 11 22H2 |
//! | 25398 | `V23H2` | Windows Server 23H2 |
//! | 26100 | `V25H1_SERVER`, `LTSC2025` | Windows Server 2025 |

/// Windows 10 1607, Windows Server 2016.
pub const RS1: u16 = 14393;
/// The same as [`RS1`].
pub const V1607: u16 = RS1;
/// The same as [`RS1`].
pub const LTSC2016: u16 = RS1;
/// Windows 10 1703.
pub const RS2: u16 = 15063;
/// The same as [`RS2`].
pub const V1703: u16 = RS2;
/// Windows 10 and Windows Server 1709.
pub const RS3: u16 = 16299;
/// The same as [`RS3`].
pub const V1709: u16 = RS3;
/// Windows 10 and Windows Server 1803.
pub const RS4: u16 = 17134;
/// The same as [`RS4`].
pub const V1803: u16 = RS4;
/// Windows 10 1809, Windows Server 2019.
pub const RS5: u16 = 17763;
/// The same as [`RS5`].
pub const V1809: u16 = RS5;
/// The same as [`RS5`].
pub const LTSC2019: u16 = RS5;
/// Windows 10 and Windows Server 1903.
pub const V19H1: u16 = 18362;
/// The same as [`V19H1`].
pub const V1903: u16 = V19H1;
/// Windows 10 and Windows Server 1909.
pub const V19H2: u16 = 18363;
/// The same as [`V19H2`].
pub const V1909: u16 = V19H2;
/// Windows 10 and Windows Server 2004.
pub const V20H1: u16 = 19041;
/// The same as [`V20H1`].
pub const V2004: u16 = V20H1;
/// Windows 10 and Windows Server 20H2.
pub const V20H2: u16 = 19042;
/// Windows 10 21H1.
pub const V21H1: u16 = 19043;
/// Windows 10 21H2.
pub const V21H2_WIN10: u16 = 19044;
/// Windows 10 22H2.
pub const V22H2_WIN10: u16 = 19045;
/// Windows Server 2022.
pub const V21H2_SERVER: u16 = 20348;
/// The same as [`V21H2_SERVER`].
pub const LTSC2022: u16 = V21H2_SERVER;
/// Windows 11 21H2.
pub const V21H2_WIN11: u16 = 22000;
/// Windows 11 22H2.
pub const V22H2_WIN11: u16 = 22621;
/// Windows Server 23H2.
pub const V23H2: u16 = 25398;
/// Windows Server 2025.
pub const V25H1_SERVER: u16 = 26100;
/// The same as [`V25H1_SERVER`].
pub const LTSC2025: u16 = V25H1_SERVER;
