use std::sync::Arc;

use actix_web::web::ServiceConfig;

/// What every worker puts into its app's data.
#[derive(Clone, Default)]
pub(crate) struct AppData(Vec<Put>);

/// Puts one part there.
type Put = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

impl AppData {
    /// And this, which handlers find by its type.
    pub(crate) fn with<T: Clone + Send + Sync + 'static>(mut self, part: T) -> Self {
        self.0.push(Arc::new(move |app| {
            app.app_data(part.clone());
        }));
        self
    }

    /// Puts it there.
    pub(crate) fn put(&self, app: &mut ServiceConfig) {
        self.0.iter().for_each(|put| put(app));
    }
}
