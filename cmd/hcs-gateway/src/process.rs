//! What is done to a process.

use compute::error::SystemCode;
use compute::{ConsoleSize, Process, Signal};
use hcs_schema::HResult;
use hcs_schema::guest_request::{ProcessModifyOperation, STDIOHandle};
use hcs_schema::schema2::ProcessModifyRequest;
use serde_json::Value;

use crate::reply::{Answer, done, failed, finish, refused};

/// Changes its console's size, or closes one of its streams.
pub(crate) async fn modify(process: &dyn Process, request: &ProcessModifyRequest) -> Answer {
    let missing = |what: &str| {
        let code = SystemCode::ERR_VMCOMPUTE_INVALID_JSON.to_hresult();
        refused(code, format!("{what} is missing"))
    };
    match &request.operation {
        ProcessModifyOperation::ConsoleSize => {
            let size = request.console_size.as_ref().ok_or_else(|| missing("ConsoleSize"))?;
            let size = ConsoleSize { width: size.width, height: size.height };
            finish(process.resize_console(size).await)
        }
        ProcessModifyOperation::CloseHandle => {
            let close = request.close_handle.as_ref().ok_or_else(|| missing("CloseHandle"))?;
            finish(match &close.handle {
                STDIOHandle::StdIn => process.close_stdin().await,
                STDIOHandle::StdOut => process.close_stdout().await,
                STDIOHandle::StdErr => process.close_stderr().await,
                _ => return Err(missing("CloseHandle.Handle")),
            })
        }
        _ => Err(missing("Operation")),
    }
}

/// `{"Signal": 15}` or `{"Signal": "CtrlC"}`.
pub(crate) async fn signal(process: &dyn Process, options: &Value) -> Answer {
    let signal = match options.get("Signal") {
        Some(Value::String(name)) => Signal::Windows(name.clone()),
        Some(Value::Number(number)) => {
            let number = number.as_i64().and_then(|number| i32::try_from(number).ok());
            Signal::Linux(number.ok_or_else(|| {
                refused(HResult::E_INVALIDARG, "Signal is no signal's number".into())
            })?)
        }
        _ => {
            let code = SystemCode::ERR_VMCOMPUTE_INVALID_JSON.to_hresult();
            return Err(refused(code, "Signal is missing".into()));
        }
    };
    delivered(process.signal(&signal).await)
}

/// A signal that finds nobody is the service's "not found".
pub(crate) fn delivered(outcome: compute::Result<bool>) -> Answer {
    match outcome {
        Ok(true) => Ok(done()),
        Ok(false) => Err(refused(
            SystemCode::ERR_ELEMENT_NOT_FOUND.to_hresult(),
            "the process has ended".into(),
        )),
        Err(error) => Err(failed(&error)),
    }
}
