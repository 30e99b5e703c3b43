use aws_lc_rs::rand::SystemRandom;

/// `N` bytes from the operating system's generator.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the generator")]
#[expect(clippy::expect_used, reason = "a system without randomness cannot run this service at all")]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// The generator itself, for signatures that need one.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the generator")]
pub(crate) fn generator() -> SystemRandom {
    SystemRandom::new()
}
