/// The text format that Prometheus had before OpenMetrics. There, a counter has the name of its samples, and there are
/// no units and no mark at the end.
pub(crate) fn from_openmetrics(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut plain = String::with_capacity(text.len());
    for (index, line) in lines.iter().enumerate() {
        let suffix = |rest: &str| {
            let name = rest.split(' ').next().unwrap_or_default();
            let kind = format!("# TYPE {name} counter");
            // The type is on this line or on the next one.
            lines.iter().skip(index).take(2).any(|line| **line == kind).then(|| name.to_owned())
        };
        let counter = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).and_then(suffix);
        match counter {
            Some(name) => plain.push_str(&line.replacen(&name, &format!("{name}_total"), 1)),
            None if line.starts_with("# UNIT ") || *line == "# EOF" => continue,
            None => plain.push_str(line),
        }
        plain.push('\n');
    }
    plain
}
