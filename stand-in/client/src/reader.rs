//! The calls that wait, and the thread that reads what completes them.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hcs_schema::{HResult, ResultDocument};

use crate::dispatch::{Dispatcher, Key};
use crate::frame::{self, Frame};
use crate::protocol::{Event, MAX_FRAME, Reply, kind};

/// Who waits for a reply.
pub(crate) enum Waiting {
    /// A thread in `call`: the reader completes it.
    Caller(SyncSender<Reply>),
    /// A function that the dispatcher runs.
    Function(Box<dyn FnOnce(Reply) + Send>),
}

/// The calls without a reply yet.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Table>);

#[derive(Default)]
struct Table {
    lost: bool,
    last_id: u64,
    /// With the handle that the call closes.
    calls: HashMap<u64, (Waiting, Option<Key>)>,
}

impl Pending {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.table().lost
    }

    /// Adds a call and gives its id; completes it at once where the connection is
    /// lost.
    pub(crate) fn add(
        &self,
        waiting: Waiting,
        closes: Option<Key>,
        dispatcher: &Dispatcher,
    ) -> Option<u64> {
        let mut table = self.table();
        if table.lost {
            drop(table);
            answer(waiting, closes, disconnected(), dispatcher);
            return None;
        }
        table.last_id += 1;
        let id = table.last_id;
        table.calls.insert(id, (waiting, closes));
        Some(id)
    }

    /// Hands a reply to the call that waits for it.
    pub(crate) fn complete(&self, id: u64, reply: Reply, dispatcher: &Dispatcher) {
        let call = self.table().calls.remove(&id);
        match call {
            Some((waiting, closes)) => answer(waiting, closes, reply, dispatcher),
            None => tracing::debug!(id, "a reply without a call"),
        }
    }

    fn lose(&self, dispatcher: &Dispatcher) {
        let calls = {
            let mut table = self.table();
            table.lost = true;
            std::mem::take(&mut table.calls)
        };
        let mut calls: Vec<_> = calls.into_iter().collect();
        calls.sort_by_key(|(id, _)| *id);
        for (_, (waiting, closes)) in calls {
            answer(waiting, closes, disconnected(), dispatcher);
        }
    }
}

fn answer(waiting: Waiting, closes: Option<Key>, reply: Reply, dispatcher: &Dispatcher) {
    if let Some(key) = closes {
        dispatcher.forget(key);
    }
    match waiting {
        // A caller that is gone asked for nothing.
        Waiting::Caller(caller) => drop(caller.send(reply)),
        Waiting::Function(function) => dispatcher.run(Box::new(move || function(reply))),
    }
}

/// What becomes of a call whose connection is lost.
pub(crate) fn disconnected() -> Reply {
    let hresult = HResult::HCS_E_SERVICE_DISCONNECT;
    let error = ResultDocument {
        error: hresult,
        error_message: "the connection to the gateway is lost".into(),
        ..ResultDocument::default()
    };
    Reply { hresult: hresult.as_u32(), error: Some(error), ..Reply::default() }
}

/// Reads until the connection ends, and completes all that waits then.
pub(crate) fn read_all(socket: TcpStream, pending: &Pending, dispatcher: &Dispatcher) {
    let mut from = io::BufReader::with_capacity(64 << 10, socket);
    let ended = loop {
        match frame::read(&mut from, MAX_FRAME) {
            Ok(Some(frame)) => {
                if let Err(error) = take(&frame, pending, dispatcher) {
                    break Err(error);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    tracing::debug!(?ended, "the gateway's connection has ended");
    let _ = from.get_ref().shutdown(Shutdown::Both);
    pending.lose(dispatcher);
    dispatcher.lose();
}

fn take(frame: &Frame, pending: &Pending, dispatcher: &Dispatcher) -> io::Result<()> {
    if frame.header.kind == kind::EVENT {
        let event: Event = serde_json::from_slice(&frame.body)?;
        dispatcher.event(event);
    } else if frame.header.kind == kind::REPLY {
        let reply: Reply = serde_json::from_slice(&frame.body)?;
        // Before any event of the new handle is read.
        if let Some(system) = reply.system {
            dispatcher.know(Key::System(system));
        }
        if let Some(process) = &reply.process {
            dispatcher.know(Key::Process(process.handle));
        }
        pending.complete(frame.header.id, reply, dispatcher);
    } else {
        let text = format!("the gateway sent a frame of type {:#x}", frame.header.kind.0);
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(())
}
