//! Another program on the same use cases, without HTTP: registers users and changes their roles in a SQLite file.

mod wiring;

use std::error::Error;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use application::keys::Prepared;
use application::sign_in::Login;
use application::users::{AdminAccount, CreateUser, Registered, UserChange, Users};
use application::{ApplicationError, Target};
use clap::{Parser, Subcommand};
use domain::Secret;
use domain::passwords::Password;
use domain::sessions::Device;
use domain::users::{Email, Role};

use wiring::Services;

/// Longest line that is read as a password, in bytes.
const MAX_LINE: u64 = 4096;

/// Registers users and changes their roles. Passwords are read from the first line of the standard input.
#[derive(Parser)]
struct Arguments {
    /// The SQLite file. A server may run on it meanwhile.
    #[arg(long, default_value = "sqlite://data/hexauth.db")]
    database: String,
    /// The file with the root secret: that of the server, if there is one.
    #[arg(long, default_value = "data/hexauth.secret")]
    secret_file: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an account. The password is the user's.
    Register {
        /// To sign in with.
        email: String,
        /// Make it an admin's.
        #[arg(long)]
        admin: bool,
    },
    /// Change a user's role. The password is the admin's.
    SetRole {
        /// The user's.
        email: String,
        /// `user` or `admin`.
        role: String,
        /// The email of the admin who does it.
        #[arg(long)]
        by: String,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "this is for the person who runs the program")]
            {
                eprintln!("example-cli: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { database, secret_file, command } = arguments;
    // What an operator may have to account for is logged by the use cases.
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();
    let services = wiring::open(&database, &secret_file).await?;
    match command {
        Command::Register { email, admin } => register(&services.users, &email, admin).await,
        Command::SetRole { email, role, by } => set_role(&services, &email, &role, by).await,
    }
}

async fn register(users: &Users, email: &str, admin: bool) -> Result<(), Box<dyn Error>> {
    let email = Email::parse(email)?;
    let password = Password::parse(read_password()?.expose())?;
    if admin {
        return match users.create_admin(email, password).await? {
            AdminAccount::Created(user) => say(&format!("registered the admin {}", user.email.as_str())),
            AdminAccount::AlreadyAdmin(_) => say("this is an admin already; nothing was changed"),
            AdminAccount::NotAdmin(_) => {
                Err("this account exists and is not an active admin; nothing was changed".into())
            }
        };
    }
    match users.create(None, CreateUser::new(email, password), None).await? {
        Registered::Created(user) => say(&format!("registered {} as {}", user.email.as_str(), user.id)),
        Registered::Pending => say("a mail is on its way"),
    }
}

/// Signs the admin in, since the use cases decide by the actor who may do what.
async fn set_role(services: &Services, email: &str, role: &str, by: String) -> Result<(), Box<dyn Error>> {
    let (email, role) = (Email::parse(email)?, Role::parse(role)?);
    let password = Password::parse(read_password()?.expose())?;
    while let Prepared::Again(wait) = services.keys.prepare().await? {
        tokio::time::sleep(wait.to_std()?).await;
    }
    let tokens = services.sign_in.with_password(Login { identifier: by, password, device: Device::default() }).await?;
    let admin = services.sessions.authenticate(tokens.access_token.expose()).await?;
    let user = services.accounts.find_by_email(&email).await?;
    let result = match user {
        Some(user) => {
            let change = UserChange { role: Some(role), ..UserChange::default() };
            services.users.update(&admin, Target::User(user.id), change).await.map(drop)
        }
        None => Err(ApplicationError::NotFound),
    };
    services.sessions.logout(tokens.access_token.expose(), None).await?;
    result?;
    say(&format!("{} is now {role}", email.as_str()))
}

fn read_password() -> io::Result<Secret> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_LINE).read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

#[expect(clippy::print_stdout, reason = "this is what was asked for")]
fn say(text: &str) -> Result<(), Box<dyn Error>> {
    println!("{text}");
    Ok(())
}
