use std::time::Duration;

use tokio::io::AsyncReadExt;
use tracing::Instrument;

use super::*;

/// What is logged by a piece of work, without the times.
fn logged(work: impl FnOnce()) -> String {
    let queue = Arc::new(Queue::default());
    let log = Log {
        queue: Some(Arc::clone(&queue)),
        #[cfg(windows)]
        events: None,
    };
    let all = Registry::default().with(log.down_to(Level::INFO));
    tracing::subscriber::with_default(all, work);
    let text = read(&queue);
    let lines = text.lines().map(|line| {
        let (time, rest) = line.split_once(' ').expect("a time");
        assert!(
            time.starts_with("time=\"20") && time.ends_with("Z\"") && time.len() == 37,
            "{time}"
        );
        format!("{rest}\n")
    });
    lines.collect()
}

fn read(queue: &Queue) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let (to, mut from) = tokio::io::duplex(16);
        let mut text = String::new();
        let all = async {
            tokio::select! {
                error = queue.write_to(to) => panic!("{error}"),
                () = queue.drain(Duration::from_secs(60)) => {}
            }
        };
        let (_, all) = tokio::join!(from.read_to_string(&mut text), all);
        let () = all;
        text
    })
}

#[test]
fn a_line_has_the_form_of_containerd_s_log() {
    let text = logged(|| {
        tracing::info!(id = "c1", error = "it's \"so\"", empty = "", "went wrong");
        tracing::warn!(code = 3, "plain");
        tracing::debug!("not told");
        tracing::event!(target: shim::METRICS, tracing::Level::INFO, counter.calls = 1);
        tracing::info!(target: "h2::client", "a library's");
    });
    let expected = "level=info msg=\"went wrong\" id=c1 error=\"it's \\\"so\\\"\"\n\
                    level=warning msg=plain code=3\n";
    assert_eq!(text, expected);
}

#[test]
fn an_event_has_the_fields_of_its_spans() {
    let text = logged(|| {
        let task = tracing::info_span!("task", task = "t", exec = tracing::field::Empty);
        let inner = task.in_scope(|| tracing::info_span!("call", operation = "Kill", exec = ""));
        task.record("exec", "e");
        inner.in_scope(|| {
            tracing::info!("in");
        });
        drop(inner);
        let _entered = task.enter();
        tracing::info!("out");
    });
    let expected =
        "level=info msg=in operation=Kill exec=e task=t\nlevel=info msg=out exec=e task=t\n";
    assert_eq!(text, expected);
}

#[test]
fn spans_of_two_tasks_do_not_mix() {
    let text = logged(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let one = |name: &'static str| {
            let work = async move {
                for _ in 0..2 {
                    tracing::info!("step");
                    tokio::task::yield_now().await;
                }
            };
            work.instrument(tracing::info_span!("task", task = name))
        };
        runtime.block_on(async { tokio::join!(one("a"), one("b")) });
    });
    let mut tasks: Vec<&str> = text.lines().collect();
    tasks.sort_unstable();
    let step = |task| format!("level=info msg=step task={task}");
    assert_eq!(tasks, [step("a"), step("a"), step("b"), step("b")]);
}

#[test]
fn what_nobody_reads_is_lost_and_told() {
    let queue = Queue::default();
    let long = format!("{}\n", "x".repeat(1000));
    for _ in 0..1000 {
        queue.push(&long);
    }
    let text = read(&queue);
    assert!(text.len() < 300_000, "{}", text.len());
    let first = text.lines().next().expect("a line");
    assert!(first.contains("log lines were lost") && first.contains("lines=7"), "{first}");
}

#[test]
fn levels_are_the_reference_s() {
    assert_eq!("Warning".parse::<Level>().expect("a level"), Level::WARNING);
    assert!("panic".parse::<Level>().expect("a level") < Level::WARNING);
    let error = "loud".parse::<Level>().expect_err("no level").to_string();
    let expected = "failed to parse shim log level \"loud\": not a valid logrus Level: \"loud\"";
    assert_eq!(error, expected);
}
