use std::fmt;

/// What was measured, and what was to be reached.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    name: String,
    per_second: f64,
    base: &'static str,
    base_per_second: f64,
    /// Of each round by itself: a machine that is busy with something else slows both sides of a round.
    ratio: f64,
    /// `None` where nothing was promised.
    target: Option<f64>,
}

impl Table {
    /// Adds the medians of measurements that took turns.
    pub(crate) fn add(
        &mut self,
        name: String,
        measured: &[f64],
        base: &'static str,
        of_base: &[f64],
        target: impl Into<Option<f64>>,
    ) {
        let ratios: Vec<_> = measured.iter().zip(of_base).map(|(measured, base)| measured / base).collect();
        let (per_second, base_per_second, ratio) = (median(measured), median(of_base), median(&ratios));
        self.0.push(Row { name, per_second, base, base_per_second, ratio, target: target.into() });
    }

    /// Whether a target is missed.
    pub(crate) fn is_missed(&self) -> bool {
        self.0.iter().any(Row::is_missed)
    }
}

impl Row {
    fn is_missed(&self) -> bool {
        self.target.is_some_and(|target| self.ratio < target)
    }
}

fn median(measured: &[f64]) -> f64 {
    let mut sorted = measured.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<42} {:>8} {:>8} {:>6} {:>6}  of", "a second", "measured", "of", "ratio", "target")?;
        for row in &self.0 {
            let Row { name, per_second, base, base_per_second, ratio, target } = row;
            let target = target.map(|target| format!("{target:.2}")).unwrap_or_default();
            let verdict = if row.is_missed() { "  MISSED" } else { "" };
            writeln!(
                f,
                "{name:<42} {per_second:>8.0} {base_per_second:>8.0} {ratio:>6.2} {target:>6}  {base}{verdict}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_promise_can_be_missed() {
        let mut table = Table::default();
        table.add("kept".to_owned(), &[9.0, 8.0, 1.0], "base", &[10.0; 3], 0.8);
        table.add("for comparison".to_owned(), &[1.0], "base", &[10.0], None);
        assert!(!table.is_missed() && !table.to_string().contains("MISSED"));
        table.add("broken".to_owned(), &[7.0], "base", &[10.0], 0.8);
        assert!(table.is_missed() && table.to_string().ends_with("base  MISSED\n"));
    }
}
