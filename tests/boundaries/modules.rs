//! The modules of a crate and what each of them uses, read from the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{root, source_files};

/// Where a module or an item is, from the crate's root on: `["http", "error"]`.
type Path = Vec<String>;

/// One arrow: a module uses something of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The modules of a crate.
pub(crate) struct Modules {
    /// Each module with its code, without comments and tests.
    code: BTreeMap<Path, String>,
    /// What a module gives on under its own name.
    reexports: BTreeMap<Path, Path>,
}

impl Modules {
    pub(crate) fn of(krate: &str) -> Self {
        let folder = format!("crates/{krate}/src");
        let mut code = BTreeMap::new();
        for file in source_files(&folder) {
            let relative = file.strip_prefix(root().join(&folder)).unwrap().with_extension("");
            let mut path: Path = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if ["lib", "main", "mod"].contains(&path.last().unwrap().as_str()) {
                path.pop();
            }
            if !["testing", "tests", "mocks"].contains(&path.last().map_or("", String::as_str)) {
                code.entry(path)
                    .or_insert_with(String::new)
                    .push_str(&without_tests(&fs::read_to_string(&file).unwrap()));
            }
        }
        let mut modules = Self { code, reexports: BTreeMap::new() };
        modules.reexports = modules.find_reexports();
        modules
    }

    /// The folders directly under the crate's root.
    pub(crate) fn folders(&self) -> Vec<&str> {
        let inside = self.code.keys().filter(|path| path.len() > 1).map(|path| path[0].as_str());
        inside.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The arrows between what is directly in each folder, and one use that each of them stands for. What is between a
    /// folder's `mod.rs` and the rest of the folder is not looked at: from outside they are one.
    pub(crate) fn arrows(&self) -> BTreeMap<String, BTreeMap<Arrow, String>> {
        let mut levels: BTreeMap<String, BTreeMap<Arrow, String>> = BTreeMap::new();
        for (module, code) in self.code.iter().filter(|(module, _)| !module.is_empty()) {
            for used in used_paths(code) {
                let Some(target) = self.resolve(module, &used) else { continue };
                let (module, target) = (apart(module), apart(&target));
                let shared = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
                if let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) {
                    let arrow = Arrow { from: from.clone(), to: to.clone() };
                    let example = format!("{} uses {}", module.join("::"), used.join("::"));
                    levels.entry(module[..shared].join("::")).or_default().entry(arrow).or_insert(example);
                }
            }
        }
        levels
    }

    /// The module in which what `module` names `used` is.
    fn resolve(&self, module: &[String], used: &[String]) -> Option<Path> {
        let mut path: Path = match used.first()?.as_str() {
            "crate" => Vec::new(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            _ => module.to_vec(),
        };
        for name in used.iter().skip(usize::from(["crate", "super", "self"].contains(&used[0].as_str()))) {
            if name == "super" {
                path.pop();
                continue;
            }
            let mut next = path.clone();
            next.push(name.clone());
            if self.code.contains_key(&next) {
                path = next;
            } else {
                return Some(self.reexports.get(&next).cloned().unwrap_or(path));
            }
        }
        Some(path)
    }

    fn find_reexports(&self) -> BTreeMap<Path, Path> {
        let mut found = BTreeMap::new();
        for (module, code) in &self.code {
            for statement in
                code.split("pub").filter_map(|text| text.trim_start_matches("(crate)").strip_prefix(" use "))
            {
                for used in expand(statement) {
                    let is_ours = ["crate", "super", "self"].contains(&used[0].as_str())
                        || self.code.contains_key(&[module.as_slice(), &used[..1]].concat());
                    if let (true, Some(target), Some(name)) = (is_ours, self.resolve(module, &used), used.last()) {
                        found.insert([module.as_slice(), std::slice::from_ref(name)].concat(), target);
                    }
                }
            }
        }
        found
    }
}

/// The wiring is beneath all the rest, in whatever folder it stands: it makes the parts that all others are given.
fn apart(path: &[String]) -> Path {
    let wiring = path.iter().position(|part| part == "wiring");
    path[wiring.unwrap_or_default()..].to_vec()
}

/// The code, without comments and without the tests at the end.
fn without_tests(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// All that begins with `crate::` or `super::`.
fn used_paths(code: &str) -> Vec<Path> {
    let starts = ["crate::", "super::"].into_iter().flat_map(|start| code.match_indices(start));
    let starts = starts.filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || "_:$".contains(c)));
    starts.flat_map(|(at, _)| expand(&code[at..])).collect()
}

/// The paths at the start of the text, of which some may be in braces: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(text: &str) -> Vec<Path> {
    let mut paths = Vec::new();
    expand_from(&mut text.chars().filter(|c| !c.is_whitespace()).collect::<String>().as_str(), &[], &mut paths);
    paths
}

fn expand_from(text: &mut &str, before: &[String], paths: &mut Vec<Path>) {
    let mut path = before.to_vec();
    loop {
        if let Some(inside) = text.strip_prefix('{') {
            *text = inside;
            loop {
                expand_from(text, &path, paths);
                match text.strip_prefix(',') {
                    Some(rest) => *text = rest,
                    None => break,
                }
            }
            *text = text.strip_prefix('}').unwrap_or(text);
            return;
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !name.is_empty() {
            path.push(name.to_owned());
        }
        match rest.strip_prefix("::").filter(|_| !name.is_empty()) {
            Some(rest) => *text = rest,
            None => {
                *text = rest.strip_prefix('*').unwrap_or(rest);
                break;
            }
        }
    }
    if path.len() > before.len() {
        paths.push(path);
    }
}

/// A circle among these arrows, if there is one, as the modules along it.
pub(crate) fn circle(arrows: &BTreeSet<Arrow>) -> Option<Vec<String>> {
    let starts: BTreeSet<&String> = arrows.iter().map(|arrow| &arrow.from).collect();
    starts.into_iter().find_map(|start| way_back(arrows, vec![start.clone()], &mut BTreeSet::new()))
}

fn way_back(arrows: &BTreeSet<Arrow>, way: Vec<String>, seen: &mut BTreeSet<String>) -> Option<Vec<String>> {
    let here = way.last()?;
    for arrow in arrows.iter().filter(|arrow| arrow.from == *here) {
        let further = [way.as_slice(), std::slice::from_ref(&arrow.to)].concat();
        if arrow.to == way[0] {
            return Some(further);
        }
        if seen.insert(arrow.to.clone())
            && let Some(found) = way_back(arrows, further, seen)
        {
            return Some(found);
        }
    }
    None
}

#[test]
fn paths_in_braces_are_read() {
    let code = "use crate::a::{self, B, c::{D, E}};\n let x = super::f::g(1); // no $crate::h";
    let mut paths: Vec<_> = used_paths(&without_tests(code)).iter().map(|path| path.join("::")).collect();
    paths.sort();
    assert_eq!(paths, ["crate::a::B", "crate::a::c::D", "crate::a::c::E", "crate::a::self", "super::f::g"]);
}

#[test]
fn only_the_tests_at_the_end_are_left_out() {
    let code = "#[cfg(test)]\nmod testing;\nuse crate::a;\n#[cfg(test)]\nmod tests {\n    use crate::b;\n}";
    assert_eq!(used_paths(&without_tests(code)), [["crate", "a"]]);
}

#[test]
fn a_circle_is_found() {
    let arrow = |from: &str, to: &str| Arrow { from: from.to_owned(), to: to.to_owned() };
    let mut arrows = BTreeSet::from([arrow("a", "b"), arrow("b", "c"), arrow("a", "c"), arrow("d", "a")]);
    assert_eq!(circle(&arrows), None);
    arrows.insert(arrow("c", "a"));
    assert_eq!(circle(&arrows).unwrap(), ["a", "b", "c", "a"]);
}
