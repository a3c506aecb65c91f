//! The order of the calls on a handle: a close comes after those before it.

use std::sync::Arc;

use stand_in::protocol::Request;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// The calls on one handle that are under way.
///
/// Calls run side by side, but a close waits for those that came before it. Else it
/// could be faster than the end of a system that a client asked for without waiting
/// for the answer, and the system would go on.
#[derive(Default)]
pub(crate) struct Calls(Arc<RwLock<()>>);

/// A call's place in the order. Dropped, the call is done.
pub(crate) enum Place {
    /// The close waits for it.
    Call { _under_way: OwnedRwLockReadGuard<()> },
    /// It waits for those before it.
    Close(Arc<RwLock<()>>),
    /// It is on no handle, or on one whose close is under way.
    None,
}

impl Calls {
    /// The place of a call, which is to be asked for in the order of the calls.
    pub(crate) fn place(&self, request: &Request) -> Place {
        let calls = Arc::clone(&self.0);
        if matches!(request, Request::CloseSystem { .. } | Request::CloseProcess { .. }) {
            return Place::Close(calls);
        }
        match calls.try_read_owned() {
            Ok(guard) => Place::Call { _under_way: guard },
            Err(_) => Place::None,
        }
    }
}

impl Place {
    /// Waits until the call may be made.
    pub(crate) async fn come(&self) {
        if let Self::Close(calls) = self {
            drop(calls.write().await);
        }
    }
}

/// The handle that a call is on.
pub(crate) fn handle_of(request: &Request) -> Option<u64> {
    match request {
        Request::CloseSystem { system: handle }
        | Request::Start { system: handle, .. }
        | Request::Shutdown { system: handle, .. }
        | Request::Terminate { system: handle, .. }
        | Request::Pause { system: handle, .. }
        | Request::Resume { system: handle, .. }
        | Request::Save { system: handle, .. }
        | Request::Properties { system: handle, .. }
        | Request::Modify { system: handle, .. }
        | Request::CreateProcess { system: handle, .. }
        | Request::OpenProcess { system: handle, .. }
        | Request::CloseProcess { process: handle }
        | Request::ProcessInfo { process: handle }
        | Request::ProcessProperties { process: handle }
        | Request::ModifyProcess { process: handle, .. }
        | Request::SignalProcess { process: handle, .. }
        | Request::TerminateProcess { process: handle } => Some(*handle),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_close_waits_for_the_calls_before_it_and_for_no_other() {
        let calls = Calls::default();
        let terminate = calls.place(&Request::Terminate { system: 1, options: String::new() });
        let close = calls.place(&Request::CloseSystem { system: 1 });
        terminate.come().await;
        assert_eq!(close.come().now_or_never(), None, "the call is under way");
        drop(terminate);
        close.come().await;
    }
}
