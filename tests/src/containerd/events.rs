//! What a containerd tells of itself.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Containerd, LIMIT};

/// An event of a containerd.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is about: `/tasks/start`.
    pub topic: String,
    /// Its content, with the names of protobuf's fields.
    pub content: Value,
}

/// The events of a containerd, from the moment this was made, in their order.
#[derive(Debug)]
pub struct Events {
    file: PathBuf,
    listener: Child,
}

impl Events {
    /// Listens to a containerd; once for each.
    pub fn of(containerd: &Containerd) -> Self {
        let file = containerd.folder.join("events");
        let out = File::create(&file).expect("a file for events");
        let mut listen = containerd.ctr(&["events"]);
        let listener = listen.stdout(out).stderr(Stdio::null()).spawn().expect("ctr events");
        let new = Self { file, listener };
        // Nothing says when it listens, so there is something to hear until it does.
        let deadline = Instant::now() + LIMIT;
        for number in 0.. {
            if !new.heard().is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "no event is heard:\n{}", containerd.log());
            let label = format!("e2e.number={number}");
            containerd.call(&["namespaces", "label", containerd.namespace(), &label]).ok();
        }
        new
    }

    /// Waits for an event like this, and gives all of tasks up to it.
    pub fn until(&self, is: impl Fn(&Event) -> bool) -> Vec<Event> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut heard = self.heard();
            heard.retain(|event| event.topic.starts_with("/tasks/"));
            if let Some(last) = heard.iter().position(&is) {
                heard.truncate(last + 1);
                return heard;
            }
            assert!(Instant::now() < deadline, "an event is missing from {heard:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn heard(&self) -> Vec<Event> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        // The last line may not be whole yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(event).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.listener.kill();
        let _ = self.listener.wait();
    }
}

/// An event as `ctr` writes it: time, namespace, topic, content.
fn event(line: &str) -> Event {
    let parsed = line.find(" /").and_then(|start| line[start + 1..].split_once(' '));
    let (topic, content) = parsed.unwrap_or_else(|| panic!("no event: {line}"));
    let content = serde_json::from_str(content).unwrap_or_else(|e| panic!("{line}: {e}"));
    Event { topic: topic.to_owned(), content }
}
