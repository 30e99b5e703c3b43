use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use ::tests::client::{Client, PASSWORD};
use ::tests::process::{Node, Workplace};
use ::tests::relay::{Relay, Script};
use tokio::task::JoinSet;

use crate::connection::{Answer, Connection};
use crate::refresh::address_of;

/// Of each kind and case, unless another number is given.
pub(crate) const SAMPLES: usize = 2_000;
/// Beyond it, the two kinds do not take the same time (Welch's t-test).
const MAX_T: f64 = 4.5;
/// Fewer than any limit of attempts or mails for one address.
const PER_ADDRESS: usize = 3;
/// The user who makes the accounts, and asks where one has to be signed in.
const ADMIN: &str = "root@example.com";
/// Headers that differ in each answer.
const VARYING: [&str; 2] = ["date:", "x-request-id:"];

/// Something that must tell nobody whether an address is known. To try another one, add a row.
struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    /// The body, about an address.
    body: fn(&str) -> String,
    /// Whether it is asked by a user, about another one's address.
    is_signed_in: bool,
    /// How many requests are under way: one where all of the time is work, more where most of it is a wait.
    at_once: usize,
}

const CASES: [Case; 6] = [
    Case {
        name: "sign-in with a wrong password",
        method: "POST",
        path: "/auth/login",
        body: |email| format!(r#"{{"username":"{email}","password":"not the password"}}"#),
        is_signed_in: false,
        at_once: 1,
    },
    Case {
        name: "asking for a new password",
        method: "POST",
        path: "/auth/password-reset",
        body: |email| format!(r#"{{"email":"{email}"}}"#),
        is_signed_in: false,
        at_once: 8,
    },
    Case {
        name: "a wrong code for a new password",
        method: "POST",
        path: "/auth/password-reset/confirm",
        body: |email| format!(r#"{{"email":"{email}","code":"2222-2222","new_password":"{PASSWORD}"}}"#),
        is_signed_in: false,
        at_once: 8,
    },
    Case {
        name: "asking for another proof of the address",
        method: "POST",
        path: "/auth/verify-email/resend",
        body: |email| format!(r#"{{"email":"{email}"}}"#),
        is_signed_in: false,
        at_once: 8,
    },
    Case {
        name: "registering, where addresses are proven first",
        method: "POST",
        path: "/users",
        body: |email| format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#),
        is_signed_in: false,
        at_once: 4,
    },
    Case {
        name: "changing one's address to that one",
        method: "PUT",
        path: "/users/me/email",
        body: |email| format!(r#"{{"email":"{email}","current_password":"{PASSWORD}"}}"#),
        is_signed_in: true,
        at_once: 4,
    },
];

/// One answer.
struct Sample {
    is_known: bool,
    took: Duration,
    /// Status, headers and body, without what differs in each answer.
    seen: String,
}

/// Measures whether known and unknown addresses can be told apart, and prints a table of it.
pub(crate) async fn measure(samples: usize) -> ExitCode {
    let relay = Relay::start(Script::default()).await;
    let workplace = Workplace::default()
        .without("APP_PASSWORD__MEMORY_KIB")
        .without("APP_PASSWORD__ITERATIONS")
        .with("APP_LOG__LEVEL", "warn,api_actix::cli=info")
        .with("APP_REGISTRATION__MODE", "verified")
        .with_relay(relay.port());
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let command = ["create-admin", "--email", ADMIN, "--password-stdin"];
    workplace.run_with_input(&command, PASSWORD).success();
    let admin = client.sign_in(ADMIN).await.access;
    // Of a case of its own each, so that no case meets what another left.
    for address in 0..samples.div_ceil(PER_ADDRESS) {
        for number in 0..CASES.len() {
            let email = email(number, address, true);
            let account = json!({"email": email, "password": PASSWORD, "email_verified": true});
            let made = client.send(Method::POST, "/users", Some(&admin), Some(account)).await;
            assert_eq!(made.status(), StatusCode::CREATED);
        }
    }
    println!("| What is asked | Known | Unknown | Welch's t | Answers |\n|---|---|---|---|---|");
    let mut are_all_alike = true;
    for (number, case) in CASES.iter().enumerate() {
        // Each takes minutes, and so long no token is good.
        let token = client.sign_in(ADMIN).await.access;
        let samples = case.ask(number, &node, &token, samples).await;
        are_all_alike &= report(case.name, &samples);
    }
    if are_all_alike { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn email(case: usize, address: usize, is_known: bool) -> String {
    let kind = if is_known { "member" } else { "nobody" };
    format!("{kind}-{case}-{address}@example.com")
}

impl Case {
    /// So many samples of each kind, interleaved by a pattern that nothing else follows.
    async fn ask(&'static self, number: usize, node: &Node, token: &str, samples: usize) -> Vec<Sample> {
        let mut asking = JoinSet::new();
        for lane in 0..self.at_once {
            let (address, token) = (address_of(node), self.is_signed_in.then(|| token.to_owned()));
            asking.spawn(async move {
                let mut connection = Connection::open(&address).await;
                let mut seen = Vec::new();
                for turn in (lane..samples).step_by(self.at_once) {
                    let first = (turn.wrapping_mul(0x9e37_79b9) >> 7) & 1 == 0;
                    for is_known in [first, !first] {
                        let body = (self.body)(&email(number, turn / PER_ADDRESS, is_known));
                        let began = Instant::now();
                        let answer = connection.send(self.method, self.path, token.as_deref(), &body).await;
                        seen.push(Sample { is_known, took: began.elapsed(), seen: without_varying(&answer) });
                    }
                }
                seen
            });
        }
        asking.join_all().await.into_iter().flatten().collect()
    }
}

fn without_varying(answer: &Answer<'_>) -> String {
    let varies = |line: &&str| VARYING.iter().any(|name| line.starts_with(name));
    let head: Vec<_> = answer.head.lines().filter(|line| !varies(line)).collect();
    let body = answer.body.split(",\"request_id\"").next().unwrap_or_default();
    format!("{}\n{body}", head.join("\n"))
}

/// Prints a row, and returns whether the two kinds are alike.
fn report(name: &str, samples: &[Sample]) -> bool {
    let of = |is_known| samples.iter().filter(move |sample| sample.is_known == is_known);
    let times = |is_known| of(is_known).map(|sample| sample.took.as_secs_f64() * 1e3).collect::<Vec<_>>();
    let answers = |is_known| of(is_known).map(|sample| sample.seen.as_str()).collect::<BTreeSet<_>>();
    let (known, unknown) = (times(true), times(false));
    let t = welch(&known, &unknown);
    let is_same = answers(true) == answers(false);
    let shown = |times: &[f64]| format!("{:.2} ms ± {:.2}", mean(times), variance(times).sqrt());
    let verdict = if is_same { "the same" } else { "NOT the same" };
    println!("| {name} ({}) | {} | {} | {t:.2} | {verdict} |", known.len(), shown(&known), shown(&unknown));
    if !is_same {
        println!("{:#?}\n{:#?}", answers(true), answers(false));
    }
    is_same && t.abs() < MAX_T
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// Welch's t: the difference of the means in units of its own standard error.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let error = variance(a) / a.len() as f64 + variance(b) / b.len() as f64;
    (mean(a) - mean(b)) / error.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_tells_what_is_alike_from_what_is_not() {
        let noisy = |middle: f64| (0..200).map(|number| middle + f64::from(number % 7)).collect::<Vec<_>>();
        assert!(welch(&noisy(10.0), &noisy(10.0)).abs() < 1e-9);
        assert!(welch(&noisy(10.0), &noisy(10.2)).abs() < MAX_T);
        assert!(welch(&noisy(12.0), &noisy(10.0)) > MAX_T);
        assert!(welch(&noisy(10.0), &noisy(12.0)) < -MAX_T);
        // Two samples of three: the standard error is the root of 1/3 + 1/3.
        assert!((welch(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]) + 1.0 / (2.0_f64 / 3.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn known_and_unknown_differ_in_nothing_but_what_differs_always() {
        let answer = |id: &str, body| {
            let head = format!("http/1.1 401 unauthorized\r\ndate: {id}\r\nx-request-id: {id}\r\nvary: origin");
            without_varying(&Answer { status: 401, head, body })
        };
        assert_eq!(answer("a", r#"{"code":"x","request_id":"a"}"#), answer("b", r#"{"code":"x","request_id":"b"}"#));
        assert_ne!(answer("a", r#"{"code":"x"}"#), answer("a", r#"{"code":"y"}"#));
    }
}
