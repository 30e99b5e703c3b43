//! What README.md says to paste into a terminal.

use std::fs;
use std::path::Path;

use tests::on_each_database;
use tests::process::Workplace;

on_each_database!(a_password_is_reset_by_the_commands_of_the_readme);

/// The blocks of commands of one section, as one script.
fn commands(section: &str) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let (_, section) = readme.split_once(&format!("## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.collect()
}

async fn a_password_is_reset_by_the_commands_of_the_readme(workplace: Workplace) {
    let workplace = workplace.without("APP_MAIL__TRANSPORT");
    let node = workplace.serve().await;
    let commands = commands("A forgotten password").replace("http://127.0.0.1:8080", &node.url());
    let script = ["-eu", "-c", &commands];
    for run in 1..=2 {
        let printed = workplace.run_program(Path::new("/bin/sh"), &script, "").success();
        let statuses: Vec<_> = printed.lines().filter(|line| line.len() == 3 && line.parse::<u16>().is_ok()).collect();
        assert_eq!(statuses, ["201", "202", "200", "200", "400", "200"], "run {run}: {printed}");
        assert!(
            printed.contains("<h1>Your password was changed</h1>") && printed.contains("\"access_token\""),
            "run {run}: {printed}"
        );
    }
}
