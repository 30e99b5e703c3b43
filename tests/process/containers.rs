//! What `docker/` says, done without Docker: its files are read, and the binary is run as they say.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cargo_metadata::MetadataCommand;
use tempfile::TempDir;
use tests::postgres;
use tests::process::binary;
use yaml_rust2::{Yaml, YamlLoader};

/// The account of the image.
const UID: u32 = 65532;
const LIMIT: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The instructions of the Dockerfile, stage by stage.
fn stages() -> Vec<Vec<(String, String)>> {
    let text = read("docker/Dockerfile").replace("\\\n", " ");
    let mut stages: Vec<Vec<_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, rest) = line.split_once(' ').unwrap();
        if name == "FROM" {
            stages.push(Vec::new());
        }
        stages.last_mut().unwrap().push((name.to_owned(), rest.trim().to_owned()));
    }
    stages
}

/// What an instruction of the image says.
fn instruction(name: &str) -> String {
    let image = stages().pop().unwrap();
    image.into_iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// The words of an instruction in its exec form: there is no shell in the image.
fn words(text: &str) -> Vec<String> {
    serde_json::from_str(&text[text.find('[').unwrap()..]).unwrap()
}

fn compose() -> Yaml {
    YamlLoader::load_from_str(&read("docker/compose.yaml")).unwrap().remove(0)
}

fn service(name: &str) -> Yaml {
    let service = compose()["services"][name].clone();
    assert!(service.as_hash().is_some(), "no {name}");
    service
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_vec().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What a container sees: the environment of the image and of compose, and the secrets, in a folder of its own.
struct Container {
    folder: TempDir,
    port: u16,
}

impl Container {
    /// With the secrets that the README says to make, but for the database, which is of the tests.
    async fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hexauth-container-").tempdir().unwrap();
        let readme = read("docker/README.md");
        let script = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
        let made = Command::new("sh").args(["-euc", script]).current_dir(folder.path()).status().unwrap();
        assert!(made.success());
        let secrets = folder.path().join("secrets");
        let url = fs::read_to_string(secrets.join("database_url")).unwrap();
        let password = fs::read_to_string(secrets.join("postgres_password")).unwrap();
        assert_eq!(url, format!("postgres://hexauth:{password}@postgres:5432/hexauth\n"));
        fs::remove_file(secrets.join("database_url")).unwrap();
        fs::write(secrets.join("database_url"), postgres::create_database().await + "\n").unwrap();
        // Docker shows each file to the container, whoever may open the folder.
        fs::set_permissions(&secrets, Permissions::from_mode(0o755)).unwrap();
        // What the root of the image is like: nothing can be written there.
        fs::create_dir(folder.path().join("image")).unwrap();
        fs::copy(binary(), folder.path().join("image/hexauth")).unwrap();
        for path in ["image/hexauth", "image", ""] {
            fs::set_permissions(folder.path().join(path), Permissions::from_mode(0o555)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder, port }
    }

    /// The variables that a service gets, with its secrets where they are here.
    fn environment(&self, service: &Yaml) -> BTreeMap<String, String> {
        let image = stages().pop().unwrap();
        let of_image = image.iter().filter(|(name, _)| name == "ENV").map(|(_, text)| text.split_once('=').unwrap());
        let mut environment: BTreeMap<_, _> =
            of_image.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let secrets = texts(&service["secrets"]);
        for (name, value) in service["environment"].as_hash().unwrap() {
            let (name, mut value) = (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned());
            if let Some(secret) = value.strip_prefix("/run/secrets/") {
                assert!(name.ends_with("_FILE") && secrets.iter().any(|known| known == secret), "{name}");
                let file = compose()["secrets"][secret]["file"].as_str().unwrap().to_owned();
                value = self.folder.path().join(file).to_str().unwrap().to_owned();
            }
            environment.insert(name, value);
        }
        // In a container it is its own.
        environment.insert("APP_SERVER__PORT".to_owned(), self.port.to_string());
        environment
    }

    fn command(&self, service: &Yaml, words: &[String]) -> Command {
        let (program, arguments) = words.split_first().unwrap();
        let mut command = Command::new(self.folder.path().join("image").join(program.strip_prefix('/').unwrap()));
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment(service))
            .current_dir(self.folder.path().join("image"));
        // As root we can be who the image says, and otherwise we are nobody special anyway.
        if is_root() {
            command.uid(UID).gid(UID);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, service: &Yaml, words: &[String]) -> Output {
        self.command(service, words).output().unwrap()
    }

    fn is_healthy(&self) -> bool {
        let checked = self.run(&service("api"), &words(&instruction("HEALTHCHECK")));
        // Docker knows 0 and 1, and reserves 2.
        assert!(matches!(checked.status.code(), Some(0 | 1)), "{checked:?}");
        checked.status.success()
    }
}

impl Drop for Container {
    /// So that the folder can be removed.
    fn drop(&mut self) {
        for path in ["", "image"] {
            let _ = fs::set_permissions(self.folder.path().join(path), Permissions::from_mode(0o755));
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// The entrypoint with a service's command, or the image's.
fn entrypoint(service: &Yaml) -> Vec<String> {
    let command =
        if service["command"].is_badvalue() { words(&instruction("CMD")) } else { texts(&service["command"]) };
    words(&instruction("ENTRYPOINT")).into_iter().chain(command).collect()
}

fn wait(process: &mut Child) -> i32 {
    let begun = Instant::now();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return status.code().unwrap();
        }
        assert!(begun.elapsed() < LIMIT, "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_of_compose_migrate_serve_tell_their_health_and_stop() {
    let container = Container::new().await;
    let (migrate, api) = (service("migrate"), service("api"));

    // Every variable is a setting, and the secrets are good.
    let hexauth = words(&instruction("ENTRYPOINT"));
    let check: Vec<String> = [hexauth.as_slice(), &["config".to_owned(), "check".to_owned()]].concat();
    let checked = container.run(&api, &check);
    assert!(checked.status.success(), "{checked:?}");

    // The order of compose matters: without the migrations nobody serves.
    assert_eq!(container.run(&api, &entrypoint(&api)).status.code(), Some(1));
    for _upgrade in 0..2 {
        let migrated = container.run(&migrate, &entrypoint(&migrate));
        assert!(migrated.status.success(), "{migrated:?}");
    }

    assert!(!container.is_healthy());
    let mut serving =
        container.command(&api, &entrypoint(&api)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !container.is_healthy() {
        assert!(begun.elapsed() < LIMIT && serving.try_wait().unwrap().is_none(), "it does not become healthy");
    }
    let signal = instruction("STOPSIGNAL");
    let signal = signal.strip_prefix("SIG").unwrap();
    let sent = Command::new("kill").args([&format!("-{signal}"), &serving.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(wait(&mut serving), 0);
    assert!(!container.is_healthy());
    let left: Vec<PathBuf> =
        fs::read_dir(container.folder.path().join("image")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [container.folder.path().join("image/hexauth")], "nothing was written");
}

#[test]
fn the_image_has_no_shell_no_root_and_everything_that_cargo_needs() {
    assert_eq!(instruction("FROM"), "scratch");
    assert_eq!(instruction("USER"), format!("{UID}:{UID}"));
    let stages = stages();
    for (name, text) in stages.iter().flatten().filter(|(name, text)| name == "FROM" && text != "scratch") {
        let tag =
            text.split(' ').next().unwrap().split_once(':').unwrap_or_else(|| panic!("{name} {text} has no tag")).1;
        assert_ne!(tag, "latest");
    }

    let build = &stages[0];
    let copied = build.iter().filter(|(name, _)| name == "COPY").flat_map(|(_, text)| {
        let words: Vec<String> = text.split(' ').map(ToOwned::to_owned).collect();
        words[..words.len() - 1].to_vec()
    });
    let copied: Vec<String> = copied.collect();
    let ignored = read(".dockerignore");
    for source in &copied {
        let known = Command::new("git").args(["ls-files", "--", source]).current_dir(root()).output().unwrap();
        assert!(!known.stdout.is_empty(), "git does not know {source}");
        assert!(ignored.lines().any(|line| line == format!("!{source}")), ".dockerignore keeps {source} out");
    }
    let let_in = ignored.lines().filter_map(|line| line.strip_prefix('!'));
    assert!(let_in.eq(copied.iter().map(String::as_str)), ".dockerignore lets in more than is copied");
    let workspace = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    for package in workspace.packages {
        let manifest = package.manifest_path.strip_prefix(root()).unwrap().to_owned();
        let is_copied = copied.iter().any(|source| manifest.starts_with(source));
        assert!(is_copied, "{manifest} is not copied: add its folder to docker/Dockerfile and .dockerignore");
    }
}

#[test]
fn the_image_is_built_with_a_rust_that_will_do() {
    let build = stages().remove(0);
    let image = build[0].1.split(' ').next().unwrap();
    let version = image.strip_prefix("rust:").unwrap().split('-').next().unwrap();
    let needed = read("Cargo.toml")
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = ").map(ToOwned::to_owned))
        .unwrap();
    assert_eq!(format!("\"{version}\""), needed);
}

#[test]
fn compose_gives_hexauth_no_more_than_it_needs() {
    for name in ["migrate", "api"] {
        let service = service(name);
        assert_eq!(service["read_only"].as_bool(), Some(true), "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        for (variable, _) in service["environment"].as_hash().unwrap() {
            let variable = variable.as_str().unwrap();
            let is_secret = ["PASSWORD", "SECRET", "DATABASE_URL"].iter().any(|word| variable.contains(word));
            assert!(!is_secret || variable.ends_with("_FILE"), "{variable} is a secret in the open");
        }
    }
    let proxy = service("proxy");
    assert_eq!((proxy["read_only"].as_bool(), texts(&proxy["cap_drop"])), (Some(true), vec!["ALL".to_owned()]));
    assert_ne!(proxy["user"].as_str().unwrap().split(':').next(), Some("0"));
    let api = service("api");
    assert_eq!(api["depends_on"]["migrate"]["condition"].as_str(), Some("service_completed_successfully"));
    assert_eq!(api["depends_on"]["postgres"]["condition"].as_str(), Some("service_healthy"));
    assert!(!service("postgres")["healthcheck"]["test"].is_badvalue());
    // What is kept out of git.
    for (_, secret) in compose()["secrets"].as_hash().unwrap() {
        let path = format!("docker/{}", secret["file"].as_str().unwrap());
        let ignored =
            Command::new("git").args(["check-ignore", "--quiet", &path]).current_dir(root()).status().unwrap();
        assert!(ignored.success(), "git would take {path}");
    }
}

fn services() -> Vec<(String, Yaml)> {
    let services = compose()["services"].as_hash().unwrap().clone();
    services.into_iter().map(|(name, service)| (name.as_str().unwrap().to_owned(), service)).collect()
}

#[test]
fn the_image_is_built_once_and_never_looked_for_elsewhere() {
    assert!(!read("docker/Dockerfile").lines().any(|line| line.starts_with("# syntax=")), "it would need the network");
    let ours: Vec<_> =
        services().into_iter().filter(|(_, service)| service["image"].as_str() == Some("hexauth")).collect();
    let (built, others): (Vec<_>, Vec<_>) = ours.iter().partition(|(_, service)| !service["build"].is_badvalue());
    assert_eq!((built.len(), others.len()), (1, 1));
    assert_eq!(others[0].1["pull_policy"].as_str(), Some("never"));
    // What comes first builds.
    assert!(others[0].1["depends_on"].as_hash().unwrap().contains_key(&Yaml::String(built[0].0.clone())));
}

#[test]
fn what_a_container_writes_has_a_limit_and_its_health_is_known_soon() {
    for (name, service) in services() {
        let options = &service["logging"]["options"];
        assert!(options["max-size"].as_str().is_some() && options["max-file"].as_str().is_some(), "{name}");
    }
    assert!(instruction("HEALTHCHECK").contains("--start-interval=1s"));
}

/// Whoever could connect from a trusted address, and is not the proxy, could choose the address of a client.
#[test]
fn nobody_reaches_a_node_of_compose_but_by_the_proxy_and_only_the_proxy_is_believed() {
    for (name, service) in services() {
        let ports = service["ports"].as_vec().map(|_| texts(&service["ports"])).unwrap_or_default();
        assert_eq!(ports.is_empty(), name != "proxy", "{name}");
        assert!(ports.iter().all(|port| port.starts_with("127.0.0.1:")), "{name} speaks plain HTTP: {ports:?}");
    }
    let network = compose()["networks"]["default"]["ipam"]["config"][0].clone();
    let proxy = service("proxy")["networks"]["default"]["ipv4_address"].as_str().unwrap().to_owned();
    let (prefix, host) = proxy.rsplit_once('.').unwrap();
    assert_eq!(network["subnet"].as_str(), Some(format!("{prefix}.0/24").as_str()));
    // The gateway has the first address, and services without an own one get theirs from the upper half.
    assert_eq!(network["ip_range"].as_str(), Some(format!("{prefix}.128/25").as_str()));
    assert!((2..128).contains(&host.parse::<u8>().unwrap()), "{proxy}");
    let environment = service("api")["environment"].clone();
    assert_eq!(environment["APP_SERVER__TRUSTED_PROXIES"].as_str(), Some(proxy.as_str()));
    assert_eq!(environment["APP_SERVER__FORWARDED_HEADER"].as_str(), Some("x-forwarded-for"));
    assert!(environment["APP_SERVER__PUBLIC_URL"].as_str().is_some());
    // As it is: the other proxy is for the operator to name.
    let nginx = read("docker/compose-nginx.conf");
    assert!(nginx.contains(&format!("\n    #set_real_ip_from {prefix}.1;\n    #real_ip_header X-Forwarded-For;\n")));
    let mounted = texts(&service("proxy")["volumes"]);
    assert!(mounted[0].starts_with("./compose-nginx.conf:") && mounted[0].ends_with(":ro"), "{mounted:?}");
}

#[test]
fn every_action_of_the_workflow_is_pinned_and_the_tour_is_made() {
    let workflow = read(".github/workflows/ci.yml");
    let used: Vec<&str> = workflow.lines().filter_map(|line| line.trim().strip_prefix("- uses: ")).collect();
    assert_eq!(used.len(), workflow.matches("uses:").count());
    for action in used {
        let (commit, tag) = action.split_once('@').unwrap().1.split_once(" # v").unwrap_or_else(|| panic!("{action}"));
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
        assert!(tag.contains('.'), "{action}");
    }
    assert!(workflow.contains("- run: docker/tour\n"));
    let tour = root().join("docker/tour");
    assert!(fs::metadata(&tour).unwrap().permissions().mode() & 0o111 != 0, "it cannot be run");
    assert!(Command::new("sh").arg("-n").arg(tour).status().unwrap().success());
}
