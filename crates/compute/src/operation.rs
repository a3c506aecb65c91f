//! The names of the calls, as the reference's errors and logs have them.

/// [`ComputeService::create`](crate::ComputeService::create).
pub const CREATE: &str = "hcs::CreateComputeSystem";
/// [`ComputeService::open`](crate::ComputeService::open).
pub const OPEN: &str = "hcs::OpenComputeSystem";
/// [`ComputeService::enumerate`](crate::ComputeService::enumerate).
pub const ENUMERATE: &str = "hcs::GetComputeSystems";
/// [`ComputeService::service_properties`](crate::ComputeService::service_properties).
pub const SERVICE_PROPERTIES: &str = "hcs::GetServiceProperties";
/// [`ComputeService::modify_service_settings`](crate::ComputeService::modify_service_settings).
pub const MODIFY_SERVICE_SETTINGS: &str = "hcs::ModifyServiceSettings";

/// [`ComputeSystem::start`](crate::ComputeSystem::start).
pub const START: &str = "hcs::System::Start";
/// [`ComputeSystem::shutdown`](crate::ComputeSystem::shutdown).
pub const SHUTDOWN: &str = "hcs::System::Shutdown";
/// [`ComputeSystem::terminate`](crate::ComputeSystem::terminate).
pub const TERMINATE: &str = "hcs::System::Terminate";
/// [`ComputeSystem::wait`](crate::ComputeSystem::wait).
pub const WAIT: &str = "hcs::System::waitBackground";
/// [`ComputeSystem::pause`](crate::ComputeSystem::pause).
pub const PAUSE: &str = "hcs::System::Pause";
/// [`ComputeSystem::resume`](crate::ComputeSystem::resume).
pub const RESUME: &str = "hcs::System::Resume";
/// [`ComputeSystem::save`](crate::ComputeSystem::save).
pub const SAVE: &str = "hcs::System::Save";
/// [`ComputeSystem::properties`](crate::ComputeSystem::properties).
pub const PROPERTIES: &str = "hcs::System::PropertiesV2";
/// [`ComputeSystem::modify`](crate::ComputeSystem::modify).
pub const MODIFY: &str = "hcs::System::Modify";
/// [`ComputeSystem::create_process`](crate::ComputeSystem::create_process). The
/// error of one that failed has `: ` and the command line behind the name.
pub const CREATE_PROCESS: &str = "hcs::System::CreateProcess";
/// [`ComputeSystem::open_process`](crate::ComputeSystem::open_process).
pub const OPEN_PROCESS: &str = "hcs::System::OpenProcess";
/// [`ComputeSystem::close`](crate::ComputeSystem::close).
pub const CLOSE: &str = "hcs::System::Close";

/// [`Process::kill`](crate::Process::kill).
pub const PROCESS_KILL: &str = "hcs::Process::Kill";
/// [`Process::signal`](crate::Process::signal).
pub const PROCESS_SIGNAL: &str = "hcs::Process::Signal";
/// [`Process::wait`](crate::Process::wait).
pub const PROCESS_WAIT: &str = "hcs::Process::waitBackground";
/// [`Process::exit_code`](crate::Process::exit_code).
pub const PROCESS_EXIT_CODE: &str = "hcs::Process::ExitCode";
/// [`Process::status`](crate::Process::status), which the reference has no name for.
pub const PROCESS_STATUS: &str = "hcs::Process::Properties";
/// [`Process::resize_console`](crate::Process::resize_console).
pub const PROCESS_RESIZE_CONSOLE: &str = "hcs::Process::ResizeConsole";
/// [`Process::stdio`](crate::Process::stdio).
pub const PROCESS_STDIO: &str = "hcs::Process::StdioLegacy";
/// [`Process::close_stdin`](crate::Process::close_stdin).
pub const PROCESS_CLOSE_STDIN: &str = "hcs::Process::CloseStdin";
/// [`Process::close_stdout`](crate::Process::close_stdout).
pub const PROCESS_CLOSE_STDOUT: &str = "hcs::Process::CloseStdout";
/// [`Process::close_stderr`](crate::Process::close_stderr).
pub const PROCESS_CLOSE_STDERR: &str = "hcs::Process::CloseStderr";
/// [`Process::close`](crate::Process::close).
pub const PROCESS_CLOSE: &str = "hcs::Process::Close";
