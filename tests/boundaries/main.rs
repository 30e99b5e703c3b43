//! Keeps the dependency rule: an arrow points inward, or it does not exist.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

mod links;
mod modules;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use modules::{Arrow, Modules, circle};

/// What each crate may depend on. A crate of the workspace that is not here is a fault too.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "async-trait",
            "chrono",
            "data-encoding",
            "email_address",
            "idna",
            "mockall",
            "thiserror",
            "unicode-normalization",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "access-token",
        &[
            "aws-lc-rs",
            "chrono",
            "data-encoding",
            "domain",
            "jsonwebtoken",
            "quick_cache",
            "serde",
            "serde_json",
            "thiserror",
            "uuid",
        ],
    ),
    ("application", &["chrono", "data-encoding", "domain", "thiserror", "tokio", "tracing", "uuid"]),
    ("infra-mail", &["async-trait", "domain", "lettre", "minijinja", "serde", "thiserror", "tokio", "toml", "tracing"]),
    ("infra-seaorm", &["async-trait", "chrono", "domain", "sea-orm", "tokio", "tracing", "uuid"]),
    (
        "infra-postgres",
        &[
            "async-trait",
            "domain",
            "futures-util",
            "infra-seaorm",
            "migration",
            "percent-encoding",
            "sea-orm",
            "sea-query-sqlx",
            "sqlx",
            "thiserror",
            "tokio",
            "tracing",
        ],
    ),
    (
        "infra-sqlite",
        &["async-trait", "domain", "infra-seaorm", "migration", "sea-orm", "sqlx", "thiserror", "tokio", "tracing"],
    ),
    (
        "infra-security",
        &[
            "access-token",
            "argon2",
            "async-trait",
            "aws-lc-rs",
            "chrono",
            "data-encoding",
            "domain",
            "jsonwebtoken",
            "rustix",
            "thiserror",
            "tokio",
            "totp-rs",
            "tracing",
            "uuid",
            "zeroize",
            "zxcvbn",
        ],
    ),
    (
        "infra-web",
        &[
            "access-token",
            "async-trait",
            "aws-lc-rs",
            "data-encoding",
            "domain",
            "form_urlencoded",
            "http-body-util",
            "hyper",
            "hyper-util",
            "jsonwebtoken",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-rustls",
            "uuid",
            "webpki-roots",
        ],
    ),
    ("infra-webauthn", &["data-encoding", "domain", "serde", "serde_json", "thiserror", "url", "webauthn-rs-core"]),
    ("migration", &["sea-orm-migration", "thiserror", "unicode-normalization"]),
];

/// The outermost crate may use any library, but of ours only these.
const API: &str = "api-actix";
const ALLOWED_TO_API: &[&str] = &[
    "application",
    "domain",
    "infra-mail",
    "infra-postgres",
    "infra-seaorm",
    "infra-security",
    "infra-sqlite",
    "infra-web",
    "infra-webauthn",
    "migration",
];

/// What is in `examples`, and what it must not have in its whole tree: each shows what a program can do without. They
/// are as far outside as the API is, and may choose adapters.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("example-embed", &["tests"]),
    ("example-verify", &["application", "api-actix", "infra-", "migration", "sea-orm", "sqlx", "tests"]),
    ("example-cli", &["actix", "api-actix", "infra-postgres", "sqlx-postgres", "tests"]),
];

/// Nothing of what is shipped depends on these.
const TOOLS: &[&str] = &["bench", "tests", "xtask"];

#[test]
fn every_crate_depends_on_what_it_may_and_no_more() {
    let faults: Vec<_> = workspace().packages.iter().flat_map(forbidden_dependencies).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn forbidden_dependencies(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    if TOOLS.contains(&name) || name == API || EXAMPLES.iter().any(|(example, _)| *example == name) {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(krate, _)| *krate == name) else {
        return vec![format!("{name} is new: say in tests/boundaries/main.rs what it may depend on.")];
    };
    let forbidden = normal_dependencies(package).into_iter().filter(|dependency| !allowed.contains(dependency));
    forbidden.map(|dependency| advice(name, dependency)).collect()
}

#[test]
fn the_api_depends_on_no_crate_of_ours_but_those_it_wires() {
    let workspace = workspace();
    let is_ours = |name: &str| workspace.packages.iter().any(|package| package.name.as_str() == name);
    let api = workspace.packages.iter().find(|package| package.name.as_str() == API).unwrap();
    let dependencies = normal_dependencies(api).into_iter().filter(|name| is_ours(name));
    let faults: Vec<_> = dependencies.filter(|name| !ALLOWED_TO_API.contains(name)).map(|d| advice(API, d)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn only_the_wiring_of_the_api_names_adapters() {
    let is_wiring = |path: &Path| path.components().any(|part| part.as_os_str() == "wiring");
    let files = source_files("crates/api-actix/src").into_iter().filter(|path| !is_wiring(path));
    let advice = "Use the port, and choose the adapter in crates/api-actix/src/node/wiring.";
    assert_no_mention(
        files,
        &["infra_mail", "infra_postgres", "infra_sqlite", "infra_security", "infra_web", "infra_webauthn"],
        advice,
    );
}

/// Arrows that close a circle and stay: crate, folder, and the two ends.
const TOLERATED: &[(&str, &str, &str, &str)] = &[
    // The keys' own unit of work is one like any, and that of the clean-up removes keys, too.
    ("domain", "", "keys", "units"),
    // A connection that is let go of returns to its pool.
    ("infra-postgres", "", "lease", "pool"),
    // A pool opens the connections that it lacks.
    ("infra-postgres", "", "pool", "connect"),
    // The store keeps what its check of health remembers.
    ("infra-seaorm", "", "store", "health"),
    // SeaORM has a relation declared at both of its ends.
    ("infra-seaorm", "", "users", "sessions"),
];

#[test]
fn the_modules_of_a_crate_use_each_other_in_no_circle() {
    let crates = ALLOWED.iter().map(|(krate, _)| *krate).chain([API]).filter(|krate| *krate != "migration");
    let faults: Vec<_> = crates.flat_map(circles).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// A circle of each folder that has one, with the uses that close it.
fn circles(krate: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (folder, mut arrows) in Modules::of(krate).arrows() {
        arrows
            .retain(|arrow, _| !TOLERATED.contains(&(krate, folder.as_str(), arrow.from.as_str(), arrow.to.as_str())));
        if let Some(circle) = circle(&arrows.keys().cloned().collect()) {
            let is_on_it =
                |arrow: &Arrow| circle.windows(2).any(|pair| pair == [arrow.from.as_str(), arrow.to.as_str()]);
            let uses: Vec<_> =
                arrows.iter().filter(|(arrow, _)| is_on_it(arrow)).map(|(_, example)| &**example).collect();
            faults.push(format!("{krate} {folder}: {}\n  {}", circle.join(" -> "), uses.join("\n  ")));
        }
    }
    faults
}

/// Which features of `application` use which. One that is not here uses those of [`SHARED`] and no others.
const ARROWS: &[(&str, &[&str])] = &[
    ("clients", &["attempts", "sessions"]),
    ("emails", &["one_time_tokens", "passwords", "users"]),
    ("events", &["revocations"]),
    ("node", &["revocations"]),
    ("exports", &["attempts"]),
    ("factors", &["one_time_tokens"]),
    ("passkeys", &["factors"]),
    ("passwords", &["attempts", "one_time_tokens"]),
    ("providers", &["sessions", "sign_in", "users"]),
    ("sessions", &["revocations"]),
    ("sign_in", &["attempts", "one_time_tokens", "sessions"]),
    ("users", &["one_time_tokens", "passwords"]),
];

/// What every feature uses.
const SHARED: &[&str] = &["events"];

#[test]
fn the_features_of_the_application_use_each_other_only_as_is_written() {
    let modules = Modules::of("application");
    let features = modules.folders();
    let is_written = |arrow: &Arrow| {
        let (_, allowed) = ARROWS.iter().find(|(from, _)| *from == arrow.from).unwrap_or(&("", &[]));
        let to = arrow.to.as_str();
        !features.contains(&to) || SHARED.contains(&to) || allowed.contains(&to)
    };
    let arrows = modules.arrows().remove("").unwrap_or_default();
    let faults: Vec<_> = arrows.into_iter().filter(|(arrow, _)| !is_written(arrow)).map(|(_, use_)| use_).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn nothing_depends_on_an_example() {
    let workspace = workspace();
    for package in &workspace.packages {
        let dependencies = normal_dependencies(package);
        let example = dependencies.iter().find(|name| EXAMPLES.iter().any(|(example, _)| example == *name));
        assert_eq!(example, None, "{} depends on it", package.name);
    }
}

#[test]
fn the_examples_do_without_what_they_show_one_can_do_without() {
    for (example, unwanted) in EXAMPLES {
        let tree = tree(example);
        let is_unwanted = |line: &&str| unwanted.iter().any(|unwanted| line.starts_with(unwanted));
        let found: Vec<_> = tree.lines().filter(is_unwanted).collect();
        assert!(found.is_empty(), "{example} must do without {found:?}: that is what it shows");
    }
}

/// With both, `jsonwebtoken` panics where it has to choose, and there are two implementations of every algorithm.
#[test]
fn jsonwebtoken_has_one_backend() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--locked", "--workspace", "--all-features", "--invert", "jsonwebtoken"]);
    let output = cargo.args(["--depth", "0", "--format", "{f}"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "aws_lc_rs");
}

/// All that a crate is built from when it is built alone, one on each line, but not what only build scripts need.
fn tree(name: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--locked", "--package", name, "--edges", "normal", "--prefix", "none"]);
    let output = cargo.output().unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.starts_with(name) && tree.lines().count() > 10, "{}", String::from_utf8_lossy(&output.stderr));
    tree
}

#[test]
fn the_inner_crates_do_not_speak_of_http_or_sql_libraries() {
    let files = ["crates/domain/src", "crates/application/src"].into_iter().flat_map(source_files);
    let advice = "Say it in the words of the domain, and translate in the outer crate.";
    assert_no_mention(files, &["StatusCode", "actix", "sea_orm"], advice);
}

fn advice(name: &str, dependency: &str) -> String {
    format!(
        "{name} must not depend on {dependency}. Put what needs it behind a port in `domain` and into an adapter. \
         If it does belong in {name}, add it to the list in tests/boundaries/main.rs, and say why in an ADR."
    )
}

/// The names of what the crate itself needs, without what only its tests and build script need.
fn normal_dependencies(package: &Package) -> Vec<&str> {
    let dependencies = package.dependencies.iter();
    dependencies.filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.as_str()).collect()
}

fn workspace() -> Metadata {
    // What is written in our own Cargo.toml files is all that is asked.
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Rust files under a folder of the repository.
fn source_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty());
    files
}

fn assert_no_mention(files: impl IntoIterator<Item = PathBuf>, words: &[&str], advice: &str) {
    let mut faults = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let mentions = words.iter().filter(|word| line.contains(*word));
            faults.extend(mentions.map(|word| format!("{}:{number} mentions {word}. {advice}", path.display())));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
