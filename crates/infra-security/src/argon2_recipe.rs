use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use domain::passwords::{HashError, PasswordHash};
use zeroize::Zeroizing;

/// What a hash is computed with, except the password: Argon2id, version 1.3 (RFC 9106).
#[derive(Clone, Debug)]
pub(crate) struct Argon2Recipe {
    /// The parameters, with the length of the hash.
    pub(crate) params: Params,
    /// The salt.
    pub(crate) salt: Vec<u8>,
}

impl Argon2Recipe {
    /// The hash of `password`, computed in `memory`. A recipe that needs more takes memory of its own and gives it
    /// back: the lasting memory is never replaced, since freeing and taking it again makes glibc's heap grow.
    ///
    /// Memory is not wiped between hashes: the next one overwrites it, nobody but this process can read it, and what
    /// it holds after the last pass does not give the password back.
    pub(crate) fn compute(&self, password: &[u8], memory: &mut [Block]) -> Result<Zeroizing<Vec<u8>>, HashError> {
        if self.params.block_count() <= memory.len() {
            return self.compute_in(memory, password);
        }
        let mut own = allocate(self.params.block_count()).ok_or(HashError::Overloaded)?;
        self.compute_in(&mut own, password)
    }

    fn compute_in(&self, memory: &mut [Block], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let length = self.params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut output = Zeroizing::new(vec![0; length]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, &mut output, memory)
            .map_err(|_| HashError::Unusable("Argon2 does not take its parameters"))?;
        Ok(output)
    }

    /// The PHC string of this recipe and the `output` it gave.
    #[expect(clippy::expect_used, reason = "the text starts with a dollar sign and is far below the bound")]
    pub(crate) fn write(&self, output: &[u8]) -> PasswordHash {
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let (salt, output) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(output));
        let text = format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${output}");
        PasswordHash::parse(&text).expect("the text is a PHC string")
    }
}

/// Memory of `blocks` blocks, if there is any left.
pub(crate) fn allocate(blocks: usize) -> Option<Vec<Block>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(blocks).ok()?;
    memory.resize(blocks, Block::new());
    Some(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(m: u32, t: u32) -> Argon2Recipe {
        Argon2Recipe { params: Params::new(m, t, 1, Some(32)).unwrap(), salt: b"somesalt".to_vec() }
    }

    #[test]
    fn gives_the_same_in_used_larger_and_own_memory() {
        let fresh = recipe(64, 2).compute(b"password", &mut allocate(64).unwrap()).unwrap();
        let mut used = allocate(100).unwrap();
        recipe(100, 1).compute(b"another", &mut used).unwrap();
        assert_eq!(recipe(64, 2).compute(b"password", &mut used).unwrap(), fresh);
        assert_eq!(recipe(64, 2).compute(b"password", &mut []).unwrap(), fresh);
        assert_ne!(recipe(64, 2).compute(b"passwore", &mut used).unwrap(), fresh);
    }

    #[test]
    fn computes_the_reference_vector() {
        // From src/test.c of github.com/P-H-C/phc-winner-argon2.
        let output = recipe(256, 2).compute(b"password", &mut []).unwrap();
        let expected = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(recipe(256, 2).write(&output).expose(), expected);
    }
}
