use super::*;
use crate::config::Environment;

#[test]
fn a_client_s_hash_that_would_not_be_computed_is_refused() {
    let fault = |parameters: &str| {
        let hash = format!("$argon2id$v=19${parameters}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
        let environment = Environment::new([
            ("APP_CLIENTS__GATEWAY", hash.as_str()),
            ("APP_PASSWORD__MAX_MEMORY_KIB", "32768"),
            ("APP_PASSWORD__MAX_ITERATIONS", "5"),
        ]);
        Config::load(None, environment, CHECKS).err().map(|error| error.to_string())
    };
    assert_eq!(fault("m=32768,t=5,p=1"), None);
    for parameters in ["m=32769,t=5,p=1", "m=32768,t=6,p=1", "m=32768,t=5"] {
        let fault = fault(parameters).unwrap();
        assert!(fault.contains("APP_CLIENTS__GATEWAY") && !fault.contains("c29tZXNhbHQ"), "{fault}");
    }
}

#[test]
fn a_url_that_the_driver_cannot_read_is_refused_without_being_quoted() {
    let fault = |url: &str| {
        let config = Config::load(None, Environment::new([("DATABASE_URL", url)]), CHECKS);
        config.err().map(|error| error.to_string())
    };
    assert_eq!(fault("postgres://ada:secret@localhost:5432/hexauth?sslmode=require"), None);
    for url in ["postgres://ada:secret@host:port/x", "postgres://ada:secret@host/x?sslmode=bogus"] {
        let fault = fault(url).unwrap();
        assert!(fault.contains("DATABASE_URL") && !fault.contains("secret"), "{fault}");
    }
}

#[test]
fn all_that_is_wrong_with_mail_is_named_at_once() {
    let variables = [
        ("APP_MAIL__FROM", "nonsense"),
        ("APP_MAIL__TEMPLATES", "no/such/folder"),
        ("APP_MAIL__LINKS__RESET", "https://app.example.com/reset"),
        ("APP_MAIL__LINKS__SIGN_IN", "javascript:alert({token})"),
        ("APP_MAIL__SMTP__CA_FILE", "no/such/file"),
    ];
    let smtp = [("APP_MAIL__TRANSPORT", "smtp"), ("APP_MAIL__SMTP__HOST", "smtp.example.com")];
    let load = |variables: &[(&str, &str)]| {
        Config::load(None, Environment::new(smtp.iter().chain(variables).copied()), CHECKS)
    };
    assert!(load(&[]).is_ok());
    let faults = load(&variables).err().unwrap().to_string();
    assert_eq!(faults.lines().count(), 1 + variables.len(), "{faults}");
    assert!(variables.iter().all(|(name, _)| faults.contains(name)), "{faults}");
}
