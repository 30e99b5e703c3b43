use futures_util::future::join_all;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::process::Workplace;

#[tokio::test(flavor = "multi_thread")]
async fn that_sign_ins_are_refused_is_logged_once() {
    let workplace = Workplace::default()
        .with("APP_PASSWORD__THREADS", "1")
        .with("APP_PASSWORD__QUEUE", "1")
        .with("APP_PASSWORD__MEMORY_KIB", "19456");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    client.register(EMAIL).await;
    let answers = join_all((0..40).map(|_| client.login(EMAIL, PASSWORD))).await;
    assert!(answers.iter().filter(|answer| answer.status() == 503).count() > 1);
    let logs = node.stop().stderr;
    let warnings: Vec<_> = logs.lines().filter(|line| line.contains("\"WARN\"") && line.contains("hasher")).collect();
    assert_eq!(warnings.len(), 1, "{}", warnings.join("\n"));
}
