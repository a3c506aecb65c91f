//! A row of the table, and what its check is written with.

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::drive::Ran;
use e2e::oci::Runtime;
use serde_json::Value;

/// A requirement.
pub(crate) struct Row {
    /// The part of the specification.
    pub(crate) section: &'static str,
    /// What it asks for, in our words.
    pub(crate) requirement: &'static str,
    pub(crate) check: fn(&Stage, &Runtime) -> Outcome,
}

/// Why a row is no "yes".
pub(crate) enum Fault {
    Fails(String),
    LeftOut(&'static str),
}

pub(crate) type Outcome = Result<(), Fault>;

/// A row.
pub(crate) const fn row(
    section: &'static str,
    requirement: &'static str,
    check: fn(&Stage, &Runtime) -> Outcome,
) -> Row {
    Row { section, requirement, check }
}

/// Fails with what was seen where it is not as it should be.
pub(crate) fn ensure(holds: bool, seen: impl std::fmt::Debug) -> Outcome {
    if holds { Ok(()) } else { Err(Fault::Fails(format!("{seen:?}"))) }
}

pub(crate) fn equal(seen: &str, wanted: &str) -> Outcome {
    ensure(seen == wanted, format!("{seen:?} is not {wanted:?}"))
}

/// What the bundle's script prints; it has to end well.
pub(crate) fn shown(
    stage: &Stage,
    runtime: &Runtime,
    bundle: Bundle,
    script: &str,
) -> Result<String, Fault> {
    let ran = runtime.run(stage, &bundle.sh(script));
    ensure(ran.code == 0, &ran)?;
    Ok(ran.out.trim_end().to_owned())
}

/// The bundle cannot be made a container, and none is there.
pub(crate) fn refused(stage: &Stage, runtime: &Runtime, bundle: &Bundle) -> Result<Ran, Fault> {
    let id = stage.name("refused");
    let ran = runtime.create(&id, bundle);
    let state = runtime.state(&id);
    runtime.call(&["delete", "--force", &id]);
    ensure(ran.code != 0, format!("created: {ran:?}"))?;
    ensure(state.is_none(), format!("it is there: {state:?}"))?;
    ensure(!ran.err.trim().is_empty(), "no word about why")?;
    Ok(ran)
}

/// A container that is deleted when dropped.
pub(crate) struct Made<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) id: String,
    pub(crate) bundle: Bundle,
}

impl<'a> Made<'a> {
    /// Creates it.
    pub(crate) fn create(
        stage: &Stage,
        runtime: &'a Runtime,
        name: &str,
        bundle: Bundle,
    ) -> Result<Self, Fault> {
        let made = Self { runtime, id: stage.name(name), bundle };
        let ran = runtime.create(&made.id, &made.bundle);
        ensure(ran.code == 0, &ran)?;
        Ok(made)
    }

    /// Creates and starts it.
    pub(crate) fn start(
        stage: &Stage,
        runtime: &'a Runtime,
        name: &str,
        bundle: Bundle,
    ) -> Result<Self, Fault> {
        let made = Self::create(stage, runtime, name, bundle)?;
        made.works(&["start"])?;
        Ok(made)
    }

    /// Makes a call about it: the words, then its id.
    pub(crate) fn call(&self, words: &[&str]) -> Ran {
        let mut words = words.to_vec();
        words.push(&self.id);
        self.runtime.call(&words)
    }

    pub(crate) fn works(&self, words: &[&str]) -> Outcome {
        let ran = self.call(words);
        ensure(ran.code == 0, format!("{words:?}: {ran:?}"))
    }

    pub(crate) fn fails(&self, words: &[&str]) -> Outcome {
        let ran = self.call(words);
        ensure(ran.code != 0, format!("{words:?} should have failed: {ran:?}"))
    }

    pub(crate) fn kill(&self, signal: &str) -> Ran {
        self.runtime.call(&["kill", &self.id, signal])
    }

    pub(crate) fn state(&self) -> Value {
        self.runtime.state(&self.id).unwrap_or_default()
    }

    pub(crate) fn has_status(&self, status: &str) -> Outcome {
        let state = self.state();
        ensure(state["status"] == status, &state)
    }

    pub(crate) fn comes_to(&self, status: &str) -> Outcome {
        ensure(
            self.runtime.until_status(&self.id, status),
            format!("never {status}: {}", self.state()),
        )
    }

    /// Waits until its process has written this.
    pub(crate) fn writes(&self, text: &str) -> Outcome {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while std::time::Instant::now() < deadline {
            if Runtime::written(&self.bundle).contains(text) {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        ensure(false, format!("never written: {text:?}, but {:?}", Runtime::written(&self.bundle)))
    }

    pub(crate) fn pid(&self) -> u64 {
        self.state()["pid"].as_u64().unwrap_or(0)
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.runtime.call(&["delete", "--force", &self.id]);
    }
}
