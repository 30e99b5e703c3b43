use aws_lc_rs::digest::{SHA256, digest};
use domain::providers::{CodeChallenge, CodeChallenges, CodeVerifier};

/// The challenges of RFC 7636, method `S256`.
#[derive(Clone, Copy, Debug)]
pub struct Sha256Challenges;

impl CodeChallenges for Sha256Challenges {
    fn challenge(&self, verifier: &CodeVerifier) -> CodeChallenge {
        let mut bytes = [0; CodeChallenge::LENGTH];
        bytes.copy_from_slice(digest(&SHA256, verifier.expose().as_bytes()).as_ref());
        CodeChallenge::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn computes_the_example_of_the_standard() {
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let challenge = Sha256Challenges.challenge(&verifier);
        assert_eq!(challenge.encode(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
