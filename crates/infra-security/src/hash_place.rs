use std::sync::Arc;

use argon2::Params;
use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use domain::passwords::{HashError, HashPlace, NewPassword, Password, PasswordHash, Verification};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::Argon2Settings;
use crate::argon2_recipe::Argon2Recipe;
use crate::hash_queue::{HashAnswer, HashJob, HashQueue};
use crate::random::random_bytes;
use crate::stored_hash::StoredHash;

const SALT_BYTES: usize = 16;

/// A place in the queue of the pool.
pub(crate) struct Argon2Place {
    pub(crate) settings: Argon2Settings,
    pub(crate) current: Params,
    pub(crate) queue: Arc<HashQueue>,
    /// Each job holds it, too, so that there are never more jobs of callers that left than places.
    pub(crate) permit: Arc<OwnedSemaphorePermit>,
}

impl Argon2Place {
    fn recipe(&self, salt: [u8; SALT_BYTES]) -> Argon2Recipe {
        Argon2Recipe { params: self.current.clone(), salt: salt.to_vec() }
    }

    async fn compute(&self, password: &Password, recipe: Argon2Recipe) -> HashAnswer {
        let (reply, answer) = oneshot::channel();
        let place = Arc::clone(&self.permit);
        self.queue.push(HashJob { password: password.clone(), recipe, reply, place });
        answer.await.unwrap_or(Err(HashError::Overloaded))
    }
}

#[async_trait]
impl HashPlace for Argon2Place {
    async fn hash(&mut self, password: &NewPassword) -> Result<PasswordHash, HashError> {
        self.rehash(password.as_password()).await
    }

    async fn rehash(&mut self, password: &Password) -> Result<PasswordHash, HashError> {
        let recipe = self.recipe(random_bytes());
        let output = self.compute(password, recipe.clone()).await?;
        Ok(recipe.write(&output))
    }

    async fn verify(&mut self, password: &Password, stored: Option<PasswordHash>) -> Result<Verification, HashError> {
        let Some(stored) = stored else {
            self.compute(password, self.recipe([0; SALT_BYTES])).await?;
            return Ok(Verification::Mismatch);
        };
        let StoredHash { recipe, output: expected } = StoredHash::read(&stored, &self.settings)?;
        let outdated = recipe.params != self.current;
        let output = self.compute(password, recipe).await?;
        match verify_slices_are_equal(&output, &expected) {
            Ok(()) => Ok(Verification::Match { outdated }),
            Err(_) => Ok(Verification::Mismatch),
        }
    }
}
