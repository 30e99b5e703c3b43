//! An SMTP relay that follows a script, and keeps what it took.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// What the relay does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Script {
    /// It accepts connections, and says nothing.
    pub is_silent: bool,
    /// It waits so long before each reply.
    pub delay: Duration,
    /// Its reply to every sender, if it is not that it goes on.
    pub to_sender: &'static str,
    /// Its reply to a recipient that begins with `bad`.
    pub to_bad: &'static str,
    /// It says nothing more once a mail has come so far, and [`Relay::has_halted`] tells.
    pub halts_at: Option<Step>,
}

/// How far a mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// There is a connection.
    Connected,
    /// Its client has said hello.
    Hello,
    /// The sender was named.
    Sender,
    /// The recipient was named.
    Recipient,
    /// The text is about to come.
    Data,
    /// The text is there, and the relay has not said that it takes it.
    Text,
    /// The relay has said so.
    Taken,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Connected, Self::Hello, Self::Sender, Self::Recipient, Self::Data, Self::Text, Self::Taken];
}

/// A mail that the relay took, whether or not its client learned of it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Who gets it.
    pub to: String,
    /// Its head and body, as they came.
    pub text: String,
    /// When.
    pub at: Instant,
}

/// The relay. It goes on for as long as the runtime that it was started on.
#[derive(Clone, Debug)]
pub struct Relay {
    port: u16,
    script: Arc<Mutex<Script>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    halted: Arc<watch::Sender<Option<Step>>>,
}

impl Relay {
    /// A new one.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Self {
            port,
            script: Arc::new(Mutex::new(script)),
            taken: Arc::default(),
            halted: Arc::new(watch::Sender::new(None)),
        };
        let listening = relay.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let relay = listening.clone();
                tokio::spawn(async move { relay.talk(BufReader::new(stream)).await });
            }
        });
        relay
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Follows another script from now on, in connections that there are, too.
    pub fn follow(&self, script: Script) {
        self.halted.send_replace(None);
        *self.script.lock().unwrap() = script;
    }

    /// What it took so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until it halts where the script says.
    pub async fn has_halted(&self) {
        self.halted.subscribe().wait_for(Option::is_some).await.unwrap();
    }

    /// One connection. Returns `None` when it ends.
    async fn talk(&self, mut stream: BufReader<TcpStream>) -> Option<()> {
        self.reach(Step::Connected).await;
        self.say(&mut stream, "220 relay").await?;
        let (mut to, mut text) = (String::new(), None::<String>);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if let Some(so_far) = &mut text {
                if line.trim_end() != "." {
                    so_far.push_str(&line);
                    continue;
                }
                self.reach(Step::Text).await;
                let text = text.take()?;
                self.taken.lock().unwrap().push(Taken { to: to.clone(), text, at: Instant::now() });
                self.say(&mut stream, "250 taken").await?;
                self.reach(Step::Taken).await;
                continue;
            }
            let script = *self.script.lock().unwrap();
            let reply = match line.split([' ', ':', '\r']).next().unwrap_or_default() {
                "EHLO" => {
                    self.reach(Step::Hello).await;
                    "250 relay"
                }
                "MAIL" => {
                    self.reach(Step::Sender).await;
                    if script.to_sender.is_empty() { "250 ok" } else { script.to_sender }
                }
                "RCPT" => {
                    self.reach(Step::Recipient).await;
                    to = line.trim_end().trim_start_matches("RCPT TO:<").trim_end_matches('>').to_owned();
                    if to.starts_with("bad") && !script.to_bad.is_empty() { script.to_bad } else { "250 ok" }
                }
                "DATA" => {
                    self.reach(Step::Data).await;
                    text = Some(String::new());
                    "354 go on"
                }
                _ => "250 ok",
            };
            self.say(&mut stream, reply).await?;
        }
    }

    async fn reach(&self, step: Step) {
        let script = *self.script.lock().unwrap();
        if script.is_silent || script.halts_at == Some(step) {
            self.halted.send_replace(Some(step));
            std::future::pending::<()>().await;
        }
    }

    async fn say(&self, stream: &mut BufReader<TcpStream>, reply: &str) -> Option<()> {
        let delay = self.script.lock().unwrap().delay;
        sleep(delay).await;
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()
    }
}

impl Taken {
    /// Its `Message-ID`.
    pub fn id(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap()
    }

    /// The text without the line breaks and the signs of its encoding.
    pub fn decoded(&self) -> String {
        self.text.replace("=\r\n", "").replace("=3D", "=")
    }
}
