//! Series of measurements, their medians, and the table of them.

use std::fmt;

use serde_json::{Value, json};

/// What was measured, of two that took turns or of one alone.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// Of this project.
    pub(crate) ours: Series,
    /// Of what it is measured against, with its name.
    pub(crate) peer: Option<(&'static str, Series)>,
}

/// One value for each round.
#[derive(Default)]
pub(crate) struct Series(pub(crate) Vec<f64>);

impl Series {
    /// The value that a number of quarters of all are not above.
    fn quartile(&self, quarters: usize) -> f64 {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len().saturating_sub(1) * quarters / 4).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quartile(2)
    }
}

impl Figure {
    fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().map(|(_, peer)| self.ours.median() / peer.median())
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": self.unit,
            "rounds": self.ours.0.len(),
            "median": self.ours.median(),
            "peer": self.peer.as_ref().map(|(name, _)| name),
            "peer_median": self.peer.as_ref().map(|(_, peer)| peer.median()),
            "ratio": self.ratio(),
            "values": self.ours.0,
            "peer_values": self.peer.as_ref().map(|(_, peer)| &peer.0),
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.ours.quartile(1), self.ours.quartile(3));
        write!(f, "{:<34} {:>9.2}", self.name, self.ours.median())?;
        write!(f, " {:>19}", format!("{low:.2} - {high:.2}"))?;
        match (&self.peer, self.ratio()) {
            (Some((name, peer)), Some(ratio)) => {
                write!(f, " {:>12} {:>9.2} {ratio:>6.2}", name, peer.median())?;
            }
            _ => write!(f, " {:>12} {:>9} {:>6}", "", "", "")?,
        }
        write!(f, "  {}", self.unit)
    }
}

/// Prints the table.
pub(crate) fn print(figures: &[Figure]) {
    let heads = ("figure", "median", "middle half", "against", "median", "ratio");
    println!(
        "\n{:<34} {:>9} {:>19} {:>12} {:>9} {:>6}  unit",
        heads.0, heads.1, heads.2, heads.3, heads.4, heads.5
    );
    figures.iter().for_each(|figure| println!("{figure}"));
}

/// The figures as one JSON document.
pub(crate) fn to_json(figures: &[Figure]) -> Value {
    json!({ "figures": figures.iter().map(Figure::to_json).collect::<Vec<_>>() })
}
