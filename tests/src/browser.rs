//! Chromium at the width of a phone, with script or without, driven by chromedriver as the WebDriver standard has it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs::search_path;

/// A common phone, in CSS pixels.
const WIDTH: u32 = 390;
const HEIGHT: u32 = 640;

/// Longest wait for one command, and for a page that is to come.
const SOON: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
/// Drivers that are started until one listens.
const DRIVERS: usize = 5;

/// The name by which the standard hands out an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A window of a browser. It is closed when this is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    http: reqwest::Client,
    /// Where the commands of its session are.
    session: String,
    _profile: TempDir,
}

/// Where something is in the window, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

impl Browser {
    /// Opens a window of somebody who reads this language, such as `de`, in which no script runs.
    ///
    /// # Panics
    /// When there is no Chromium.
    pub async fn open(language: &str) -> Self {
        let browser = Self::open_with_script(language).await;
        browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
        browser
    }

    /// Opens a window of somebody who reads this language, such as `de`, for pages that are programs.
    ///
    /// # Panics
    /// When there is no Chromium.
    pub async fn open_with_script(language: &str) -> Self {
        let profile = tempfile::Builder::new().prefix("hexauth-browser-").tempdir().unwrap();
        let (driver, port) = start_driver();
        let http = reqwest::Client::builder().no_proxy().timeout(SOON).build().unwrap();
        let session = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { driver, http, session, _profile: profile };
        let opened = browser.command(Method::POST, "", capabilities(browser._profile.path(), language)).await;
        browser.session = format!("{}/{}", browser.session, opened["sessionId"].as_str().unwrap());
        browser
    }

    /// Goes to a page.
    pub async fn go(&self, url: &str) {
        self.command(Method::POST, "/url", json!({"url": url})).await;
    }

    /// Where it is.
    pub async fn url(&self) -> String {
        self.read("/url").await
    }

    /// Waits for the page with this title.
    pub async fn wait_for_title(&self, title: &str) {
        let deadline = Instant::now() + SOON;
        loop {
            let found = self.read("/title").await;
            if found == title {
                return;
            }
            assert!(Instant::now() < deadline, "{found:?} is not {title:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The visible text of the element that the selector finds.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        self.read(&format!("{element}/text")).await
    }

    /// How large its letters are, in CSS pixels.
    pub async fn font_size(&self, selector: &str) -> f64 {
        let element = self.find(selector).await;
        self.read(&format!("{element}/css/font-size")).await.trim_end_matches("px").parse().unwrap()
    }

    /// What a screen reader calls it.
    pub async fn label(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        self.read(&format!("{element}/computedlabel")).await
    }

    /// Where it is.
    pub async fn place(&self, selector: &str) -> Place {
        let element = self.find(selector).await;
        let place = self.command(Method::GET, &format!("{element}/rect"), Value::Null).await;
        let number = |name: &str| place[name].as_f64().unwrap();
        Place { x: number("x"), y: number("y"), width: number("width"), height: number("height") }
    }

    /// Whether all of the page is as narrow as the window.
    pub async fn fits(&self) -> bool {
        let page = self.place("html").await;
        page.x >= 0.0 && page.width <= f64::from(WIDTH)
    }

    /// Types into a field.
    pub async fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.command(Method::POST, &format!("{element}/value"), json!({"text": text})).await;
    }

    /// Empties a field, and types into it.
    pub async fn rewrite(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.command(Method::POST, &format!("{element}/clear"), json!({})).await;
        self.write(selector, text).await;
    }

    /// Presses and releases the button of the mouse in the middle of an element. The driver's own click would run
    /// script.
    pub async fn click(&self, selector: &str) {
        let place = self.place(selector).await;
        let (x, y) = (place.x + place.width / 2.0, place.y + place.height / 2.0);
        for kind in ["mousePressed", "mouseReleased"] {
            let mouse = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.devtools("Input.dispatchMouseEvent", mouse).await;
        }
    }

    /// Waits until an element is there and shown.
    pub async fn wait_for(&self, selector: &str) {
        self.wait_for_text(selector, "").await;
    }

    /// Waits until an element is shown that has this in its text.
    pub async fn wait_for_text(&self, selector: &str, text: &str) {
        let deadline = Instant::now() + SOON;
        loop {
            // What is found may be replaced before it is looked at.
            let shown = match self.try_find(selector).await {
                Some(element) => self.try_command(Method::GET, &format!("{element}/displayed"), Value::Null).await,
                None => json!(false),
            };
            if shown == true && self.try_text(selector).await.is_some_and(|found| found.contains(text)) {
                return;
            }
            assert!(Instant::now() < deadline, "{selector:?} with {text:?} is not shown:\n{}", self.text("body").await);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Scrolls to an element that is shown, or will be, and clicks on it. Needs script.
    pub async fn press(&self, selector: &str) {
        self.wait_for(selector).await;
        let element = self.find(selector).await;
        self.command(Method::POST, &format!("{element}/click"), json!({})).await;
    }

    /// Goes to the same page again.
    pub async fn reload(&self) {
        self.command(Method::POST, "/refresh", json!({})).await;
    }

    /// Gives it a device that makes and shows passkeys, and knows its user by finger or face. Returns the device.
    pub async fn add_authenticator(&self) -> String {
        let device = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
        });
        let added = self.command(Method::POST, "/webauthn/authenticator", device).await;
        added.as_str().unwrap().to_owned()
    }

    /// Whether somebody touches such a device whenever it asks them to. At first, somebody does.
    pub async fn set_touch(&self, device: &str, is_touched: bool) {
        let touch = json!({"authenticatorId": device, "enabled": is_touched});
        self.devtools("WebAuthn.setAutomaticPresenceSimulation", touch).await;
    }

    /// Takes such a device away, with its passkeys.
    pub async fn remove_authenticator(&self, device: &str) {
        self.command(Method::DELETE, &format!("/webauthn/authenticator/{device}"), Value::Null).await;
    }

    /// Runs the body of an asynchronous function in the page, with this argument as `given`, and returns what it
    /// returns.
    pub async fn run(&self, body: &str, given: Value) -> Value {
        let script = format!(
            "const [given, done] = arguments; \
             (async () => {{ {body} }})().then(done, error => done({{failed: String(error)}}));"
        );
        self.command(Method::POST, "/execute/async", json!({"script": script, "args": [given]})).await
    }

    /// Makes a picture of the window.
    pub async fn picture(&self, file: &Path) {
        let picture = self.read("/screenshot").await;
        std::fs::write(file, BASE64.decode(picture.as_bytes()).unwrap()).unwrap();
    }

    async fn find(&self, selector: &str) -> String {
        self.try_find(selector).await.unwrap_or_else(|| panic!("there is no {selector:?}"))
    }

    async fn try_find(&self, selector: &str) -> Option<String> {
        let by = json!({"using": "css selector", "value": selector});
        let found = self.try_command(Method::POST, "/element", by).await;
        let id = found.as_object()?.get(ELEMENT)?.as_str()?;
        Some(format!("/element/{id}"))
    }

    async fn try_text(&self, selector: &str) -> Option<String> {
        let element = self.try_find(selector).await?;
        let text = self.try_command(Method::GET, &format!("{element}/text"), Value::Null).await;
        text.as_str().map(str::to_owned)
    }

    async fn read(&self, path: &str) -> String {
        self.command(Method::GET, path, Value::Null).await.as_str().unwrap().to_owned()
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.command(Method::POST, "/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await;
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Value {
        let value = self.try_command(method, path, body).await;
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }

    /// What a command returns, which may be an error.
    async fn try_command(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.session));
        let request = if body.is_null() { request } else { request.json(&body) };
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["value"].take()
    }
}

/// Starts a driver, and returns it with its port. The port is free for IPv4 when the driver chooses it; where another
/// program takes the same for IPv6 at that moment, the driver ends, and the next one chooses anew.
fn start_driver() -> (Child, String) {
    let started = (0..DRIVERS).find_map(|_| {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The browser is in the group of its driver, and ends with it.
            .process_group(0)
            .spawn()
            .expect("The tests need Chromium and its driver (Debian: apt-get install chromium chromium-driver).");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            line.split_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
        });
        if port.is_none() {
            driver.wait().unwrap();
        }
        port.map(|port| (driver, port))
    });
    started.expect("a driver starts")
}

fn capabilities(profile: &Path, language: &str) -> Value {
    let folders = search_path().into_iter().map(|folder| folder.join("chromium"));
    let mut options = json!({
        "args": [
            "--headless=new",
            // It visits our pages only, and as root there is no sandbox.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            format!("--accept-lang={language}"),
            format!("--user-data-dir={}", profile.display()),
        ],
        "mobileEmulation": {"deviceMetrics": {"width": WIDTH, "height": HEIGHT, "pixelRatio": 1.0}},
    });
    // Elsewhere than on Debian the driver knows where its browser is.
    if let Some(program) = folders.into_iter().find(|program| program.is_file()) {
        options["binary"] = json!(program);
    }
    json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}})
}

impl Drop for Browser {
    fn drop(&mut self) {
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}
