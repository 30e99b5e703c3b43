use std::fs;
use std::path::PathBuf;

use tests::client::{Client, EMAIL};
use tests::postgres;
use tests::process::{Node, Workplace};

use crate::table::Table;
use crate::wrk::requests_per_second;

const ALGORITHMS: [&str; 2] = ["EdDSA", "HS256"];
const ROUNDS: usize = 5;
/// Of each, all but one are new to the server when they are first sent.
const TOKENS: [usize; 2] = [1, 1000];
const TARGET: f64 = 0.85;

/// The guarded route that reads no row, and a static one, both with the same headers.
pub(crate) async fn measure(table: &mut Table) {
    for algorithm in ALGORITHMS {
        let (workplace, node) = serve(algorithm).await;
        let files = write_tokens(&workplace, &node).await;
        for (file, count) in files.iter().zip(TOKENS) {
            let (mut verified, mut live) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                live.push(requests_per_second(&format!("{}/health/live", node.url()), file));
                verified.push(requests_per_second(&format!("{}/api/v1/auth/verify", node.url()), file));
            }
            let name = format!("GET /auth/verify, {algorithm}, tokens: {count}");
            table.add(name, &verified, "GET /health/live", &live, TARGET);
        }
    }
}

async fn serve(algorithm: &str) -> (Workplace, Node) {
    let workplace = Workplace::default()
        .with("DATABASE_URL", postgres::create_database().await)
        .with("APP_SERVER__WORKERS", "2")
        // The address is logged at the level info.
        .with("APP_LOG__LEVEL", "warn,api_actix::cli=info")
        .with("APP_JWT__ALGORITHM", algorithm);
    let node = workplace.serve().await;
    (workplace, node)
}

/// A file for each number of tokens.
async fn write_tokens(workplace: &Workplace, node: &Node) -> [PathBuf; 2] {
    let client = Client::of(node);
    let mut tokens = vec![client.sign_up(EMAIL).await.access];
    while tokens.len() < TOKENS[1] {
        tokens.push(client.sign_in(EMAIL).await.access);
    }
    TOKENS.map(|count| {
        let file = workplace.path(&format!("tokens-{count}"));
        fs::write(&file, tokens[..count].join("\n")).unwrap();
        file
    })
}
