use std::time::Duration;

/// Prints how long something took, and returns the 99th percentile: at most one in a hundred was longer.
pub(crate) fn percentile_99(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    let (count, last) = (times.len(), times[times.len() - 1]);
    println!("{what} ({count}): median {:?}, 99 % {:?}, longest {last:?}", at(50), at(99));
    at(99)
}
