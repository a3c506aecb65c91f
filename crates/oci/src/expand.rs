//! Annotations that stand for others, and those that contradict each other.

use std::collections::BTreeMap;
use std::fmt;

use tracing::warn;

use crate::Annotations;
use crate::keys;

/// Each annotation and those that it stands for.
const EXPANSIONS: [(&str, &[&str]); 1] = [(
    keys::DISABLE_UNSAFE_OPERATIONS,
    &[
        keys::WCOW_DISABLE_GMSA,
        keys::DISABLE_WRITABLE_FILE_SHARES,
        keys::VSMB_NO_DIRECT_MAP,
        keys::DISABLE_HOST_PROCESS_CONTAINER,
    ],
)];

/// Annotations contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationConflicts(pub Vec<AnnotationConflict>);

/// Two annotations contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnotationConflict {
    /// An annotation has another value than the one that stands for it.
    #[error("annotation expansion conflict: {key:?} = {value:?} and {other:?} = {other_value:?}")]
    Expansion {
        /// The annotation that stands for the other.
        key: &'static str,
        /// Its value.
        value: String,
        /// The other.
        other: &'static str,
        /// The other's value.
        other_value: String,
    },
    /// Host process containers are refused, and this is one.
    #[error(
        "specified annotations conflict: host process container annotations {:?} = {disabled:?} \
         and {:?} = {enabled:?}",
        keys::DISABLE_HOST_PROCESS_CONTAINER,
        keys::HOST_PROCESS_CONTAINER
    )]
    HostProcess {
        /// The value of the annotation that refuses them.
        disabled: String,
        /// The value of the annotation that asks for one.
        enabled: String,
    },
}

impl fmt::Display for AnnotationConflicts {
    /// A line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, conflict) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{conflict}")?;
        }
        Ok(())
    }
}

impl std::error::Error for AnnotationConflicts {}

/// Sets the annotations that others stand for: `io.microsoft.disable-unsafe-operations`
/// gives its value to the four that refuse one unsafe operation each.
///
/// # Errors
/// One of them has another value, or host process containers are asked for and
/// refused. What doesn't contradict is set nevertheless.
pub fn process_annotations(
    annotations: &mut BTreeMap<String, String>,
) -> Result<(), AnnotationConflicts> {
    let mut conflicts = Vec::new();
    for (key, others) in EXPANSIONS {
        let Some(value) = annotations.get(key).cloned() else {
            continue;
        };
        for &other in others {
            match annotations.get(other) {
                Some(other_value) if *other_value != value => {
                    conflicts.push(AnnotationConflict::Expansion {
                        key,
                        value: value.clone(),
                        other,
                        other_value: other_value.clone(),
                    });
                }
                _ => drop(annotations.insert(other.to_owned(), value.clone())),
            }
        }
    }

    let all = Annotations(annotations);
    let is_set = |key| all.bool(key) == Some(true);
    if is_set(keys::DISABLE_HOST_PROCESS_CONTAINER) && is_set(keys::HOST_PROCESS_CONTAINER) {
        conflicts.push(AnnotationConflict::HostProcess {
            disabled: all.string(keys::DISABLE_HOST_PROCESS_CONTAINER),
            enabled: all.string(keys::HOST_PROCESS_CONTAINER),
        });
    }

    if conflicts.is_empty() {
        return Ok(());
    }
    for conflict in &conflicts {
        warn!("{conflict}");
    }
    Err(AnnotationConflicts(conflicts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conflict_has_a_line() {
        let mut annotations = BTreeMap::from(
            [
                (keys::DISABLE_UNSAFE_OPERATIONS, "true"),
                (keys::WCOW_DISABLE_GMSA, "false"),
                (keys::HOST_PROCESS_CONTAINER, "1"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let error = process_annotations(&mut annotations).unwrap_err();
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("annotation expansion conflict: "), "{text}");
        assert!(lines[1].ends_with(r#""microsoft.com/hostprocess-container" = "1""#), "{text}");
        assert_eq!(annotations[keys::WCOW_DISABLE_GMSA], "false");
        assert_eq!(annotations[keys::VSMB_NO_DIRECT_MAP], "true");
    }
}
