use std::sync::{Arc, Mutex};

use super::*;

/// Keeps what the events of a thread are encoded to.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(Level, Encoded)>>>);

impl tracing::Subscriber for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        let kept = (*event.metadata().level(), encode(event));
        self.0.lock().expect("lock").push(kept);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn events(log: impl FnOnce()) -> Vec<(Level, Encoded)> {
    let kept = Kept::default();
    tracing::subscriber::with_default(kept.clone(), log);
    std::mem::take(&mut *kept.0.lock().expect("lock"))
}

#[test]
fn an_event_has_its_message_and_its_fields() {
    let error = std::io::Error::other("cause");
    let id = "c1";
    let events = events(|| {
        tracing::warn!(id, pid = 7u32, error = &error as &dyn std::error::Error, "it {}", "ends");
        tracing::info!(code = -1, up = true, ratio = 0.5, path = ?"a");
    });
    let mut wanted = Encoded::new("LogrusEntry");
    wanted.add("Message", &Value::Text("it ends".into()));
    wanted.add("id", &Value::Text("c1".into()));
    wanted.add("pid", &Value::Unsigned(7));
    wanted.add("error", &Value::Text("cause".into()));
    let (level, event) = &events[0];
    assert_eq!(*level, Level::WARN);
    assert_eq!((event.metadata(), event.data()), (wanted.metadata(), wanted.data()));

    let mut wanted = Encoded::new("LogrusEntry");
    wanted.add("Message", &Value::Text(String::new()));
    wanted.add("code", &Value::Signed(-1));
    wanted.add("up", &Value::Truth(true));
    wanted.add("ratio", &Value::Float(0.5));
    wanted.add("path", &Value::Text("\"a\"".into()));
    let (_, event) = &events[1];
    assert_eq!((event.metadata(), event.data()), (wanted.metadata(), wanted.data()));
}

#[test]
fn events_of_all_levels_are_taken_by_the_system() {
    let events = events(|| {
        tracing::error!("e");
        tracing::warn!("w");
        tracing::info!("i");
        tracing::debug!("d");
        tracing::trace!("{}", "t".repeat(100_000));
    });
    for provider in [Provider::RUNHCS, Provider::RUNHCS_LCOW, Provider::NCPROXY] {
        // The same process may register a provider more than once.
        let logs = [provider; 2].map(|provider| EventLog::register(provider).expect("register"));
        for (level, event) in &events {
            for log in &logs {
                log.write(*level, event).expect("write");
            }
        }
    }
}

#[test]
fn a_program_logs_to_it() {
    let log = EventLog::register(Provider::RUNHCS).expect("register");
    let listening = log.is_enabled(Level::ERROR);
    assert!(!listening || !crate::wine::is_here());
    tracing::subscriber::with_default(log, || {
        let span = tracing::info_span!("span");
        span.in_scope(|| tracing::error!("nobody listens, or somebody does"));
    });
}

#[test]
fn levels_are_those_of_windows() {
    let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    assert_eq!(levels.map(number), [2, 3, 4, 5, 5]);
    assert_eq!(Provider::RUNHCS.id().to_string(), "0b52781f-b24d-5685-ddf6-69830ed40ec3");
}
