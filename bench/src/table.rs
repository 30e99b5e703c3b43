use std::fmt;

/// What was measured, and what was to be reached.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    name: String,
    per_second: f64,
    base: &'static str,
    base_per_second: f64,
    target: f64,
}

impl Table {
    /// Adds the medians of measurements that took turns.
    pub(crate) fn add(&mut self, name: String, measured: &[f64], base: &'static str, of_base: &[f64], target: f64) {
        self.0.push(Row { name, per_second: median(measured), base, base_per_second: median(of_base), target });
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
        for Row { name, per_second, base, base_per_second, target } in &self.0 {
            let ratio = per_second / base_per_second;
            let verdict = if ratio >= *target { "" } else { "  MISSED" };
            writeln!(
                f,
                "{name:<42} {per_second:>8.0} {base_per_second:>8.0} {ratio:>6.2} {target:>6.2}  {base}{verdict}"
            )?;
        }
        Ok(())
    }
}
