//! What containerd's client does with tasks, by our shim and by containerd's own.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use e2e::containerd::{Containerd, Event, Events, IMAGE, RUNHCS, Settings};
use e2e::{Stage, machine, on_stage, programs, tools};

use super::client::{Client, refusal, whole};
use super::table::{RUNTIMES, Seen, Table};

/// A case: what it is about, and what it does.
type Case = (&'static str, fn(&mut Client<'_>));

const CASES: [Case; 14] = [
    ("run to the end", runs_to_its_end),
    ("input", reads_its_input),
    ("terminal", has_a_terminal),
    ("spec", is_as_its_spec_says),
    ("exec", executes),
    ("states", goes_through_its_states),
    ("signals", is_signalled),
    ("wrong calls", refuses_wrong_calls),
    ("a program that is not there", has_no_such_program),
    ("memory limit", is_held_to_its_memory),
    ("logs", writes_logs),
    ("again", is_started_again),
    ("events", tells_its_events),
    ("restart of containerd", survives_containerd),
];

/// Rows, and what is in both columns of each.
const EXPECTED: [(&str, &str); 20] = [
    ("run to the end: streams and exit code", r#"exit code 3, "out\n", "err\n""#),
    ("run to the end: 3 MB and a signal", "3000000 bytes"),
    ("input: read to the end", "1048576"),
    ("terminal: a program's", "exit code 6"),
    ("terminal: a program's", "/dev/pts/0"),
    ("exec: streams and exit code", r#"exit code 4, "in\n", "err\n""#),
    ("states: paused and resumed", "RUNNING, PAUSED, RUNNING"),
    ("states: processes", "2 lines"),
    ("states: metrics", "memory"),
    ("states: killed and removed", "137"),
    ("states: after that", "none"),
    ("signals: its exit code", "9"),
    ("a program that is not there: the first", "exit code 1, named: true"),
    ("a program that is not there: an exec", "exit code 1, named: true"),
    ("memory limit: a process beyond it", "alive"),
    ("logs: a file", r#"["err", "out"]"#),
    ("events: in their order", "/tasks/create /tasks/start /tasks/exec-added /tasks/exec-started"),
    ("restart of containerd: the state", "RUNNING"),
    ("restart of containerd: an exec", r#"exit code 0, "in\n""#),
    ("restart of containerd: events after it", "/tasks/exit /tasks/delete"),
];

#[test]
fn each_shim_does_what_the_other_does() {
    let test = "each_shim_does_what_the_other_does";
    if machine::program("script").is_none() {
        return machine::left_out(test, "it needs script");
    }
    on_stage(test, async |stage: &Stage| {
        let settings = Settings { shims: Some(programs::shims()), ..Settings::default() };
        let Some(mut containerd) = Containerd::with(test, stage, &settings) else { return };
        let mut table = Table::default();
        for (case, body) in CASES {
            let seen = RUNTIMES.map(|runtime| {
                let mut client = Client { containerd: &mut containerd, runtime, seen: Seen::new() };
                body(&mut client);
                client.nothing_is_left();
                client.seen
            });
            table.add(case, seen);
        }
        table.finish("tasks.md", &EXPECTED);
    });
}

fn runs_to_its_end(client: &mut Client<'_>) {
    let ran = client.run(&[], "echo out; echo err >&2; exit 3");
    client.saw("streams and exit code", whole(&ran));
    let ran = client.run(&[], "head -c 3000000 /dev/zero; kill -TERM $$");
    client.saw("3 MB and a signal", format!("exit code {}, {} bytes", ran.code, ran.out.len()));
    let ran = client.run(&["--null-io"], "echo out; exit 4");
    client.saw("no streams", whole(&ran));
}

fn reads_its_input(client: &mut Client<'_>) {
    let mut run = client.command(&[], &["/bin/wc", "-c"]);
    let mut run = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ctr");
    let mut stdin = run.stdin.take().expect("stdin");
    let writer = std::thread::spawn(move || stdin.write_all(&vec![b'x'; 1 << 20]));
    let output = run.wait_with_output().expect("ctr");
    writer.join().expect("the writer").expect("all is read");
    client.saw("read to the end", String::from_utf8_lossy(&output.stdout).trim());
}

fn has_a_terminal(client: &mut Client<'_>) {
    let run = client.command(&["--tty"], &["/bin/sh", "-c", "tty; test -t 2 && echo err; exit 6"]);
    let words = std::iter::once(run.get_program()).chain(run.get_args());
    let line: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line.join(" ")]);
    // Its own record, which it replaces.
    script.arg(format!("{}.typescript", client.containerd.fifos()));
    let ran = tools::finish({
        script.stdin(Stdio::null());
        script
    });
    // That it ended before ctr told it its size is nobody's fault.
    let lines = ran.out.lines().filter(|line| !line.contains("resize pty"));
    // The end of script's input is echoed as "^@", at whatever place.
    let lines = lines.map(|line| line.trim_matches(['\0', '\r']).trim_start_matches("^@"));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    client.saw("a program's", format!("exit code {}, {lines:?}", ran.code));
}

/// What flags of `ctr run` there are for it.
fn is_as_its_spec_says(client: &mut Client<'_>) {
    let shared = client.containerd.fifos();
    std::fs::create_dir_all(&shared).expect("a folder");
    std::fs::write(format!("{shared}/in"), "from outside\n").expect("a file");
    let mount = format!("type=bind,src={shared},dst=/shared,options=rbind:ro");
    let looks: [(&str, &[&str], &str); 8] = [
        ("environment and folder", &["--env", "A=b", "--cwd", "/tmp"], "echo $A; pwd"),
        ("read-only root", &["--read-only"], "touch /x 2>/dev/null; echo $?"),
        ("a mount", &["--mount", &mount], "cat /shared/in; touch /shared/x 2>/dev/null; echo $?"),
        ("capabilities", &[], "grep Cap /proc/self/status"),
        ("one more", &["--cap-add", "CAP_SYS_PTRACE"], "grep Cap /proc/self/status"),
        ("privileged", &["--privileged"], "grep -e Cap -e NoNew /proc/self/status"),
        ("no new privileges", &[], "grep NoNew /proc/self/status"),
        ("network of the host", &["--net-host"], "ls -1 /sys/class/net | grep -c ."),
    ];
    for (what, flags, script) in looks {
        let ran = client.run(flags, script);
        client.saw(what, whole(&ran));
    }
    let groups = "type=bind,src=/sys/fs/cgroup,dst=/g,options=rbind:ro";
    let cpus = ["--cpus", "0.5", "--cpu-shares", "512", "--mount", groups];
    let read = "cat /g/cpu/NS/c/cpu.cfs_quota_us /g/cpu/NS/c/cpu.shares /g/NS/c/cpu.max \
                /g/NS/c/cpu.weight 2>/dev/null; true";
    let ran = client.run(&cpus, &read.replace("NS", client.containerd.namespace()));
    client.saw("processors", whole(&ran));
}

fn executes(client: &mut Client<'_>) {
    client.detached(&["/bin/sleep", "1000"]);
    let ran = client.exec("e", "echo in; echo err >&2; exit 4");
    client.saw("streams and exit code", whole(&ran));
    let exec = ["task", "exec", "--exec-id", "u", "--user", "7:8", "--cwd", "/tmp", "c"];
    let ran = client.call(&[&exec[..], &["/bin/sh", "-c", "id -u; id -g; pwd"]].concat());
    client.saw("user and folder", whole(&ran));
    let fifos = client.containerd.fifos();
    let exec = ["task", "exec", "--detach", "--exec-id", "d", "--fifo-dir", &fifos, "c"];
    client.done(&[&exec[..], &["/bin/sleep", "999"]].concat());
    let seen = client.exec("p", "ps | grep -c 'sleep 99[9]'");
    client.saw("one that goes on", whole(&seen));
    let ran = client.exec("d", "true");
    client.saw("an id that is there", refusal(&ran));
    client.remove();
}

fn goes_through_its_states(client: &mut Client<'_>) {
    client.detached(&["/bin/sleep", "1000"]);
    let mut states = vec![client.state()];
    for call in ["pause", "resume"] {
        client.done(&["task", call, "c"]);
        states.push(client.state());
    }
    client.saw("paused and resumed", states.join(", "));
    let ran = client.call(&["task", "resume", "c"]);
    client.saw("resumed once more", if ran.code == 0 { "done" } else { "refused" });
    let processes = client.done(&["task", "ps", "c"]);
    client.saw("processes", format!("{} lines", processes.lines().count()));
    let metrics = client.done(&["task", "metrics", "c"]);
    let names = metrics.lines().filter_map(|line| line.split_whitespace().next());
    client.saw("metrics", names.collect::<Vec<_>>().join(" "));
    client.done(&["task", "kill", "--signal", "SIGKILL", "c"]);
    let ran = client.call(&["task", "delete", "c"]);
    client.saw("killed and removed", if ran.err.contains("exit code 137") { "137" } else { "?" });
    client.saw("after that", client.state());
    client.done(&["container", "delete", "c"]);
}

fn is_signalled(client: &mut Client<'_>) {
    client.detached(&["/bin/sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"]);
    // The shell has set its trap once it has a child.
    let deadline = std::time::Instant::now() + e2e::drive::LIMIT;
    while client.done(&["task", "ps", "c"]).lines().count() < 3 {
        assert!(std::time::Instant::now() < deadline, "the shell does not begin");
    }
    client.done(&["task", "kill", "--signal", "SIGTERM", "c"]);
    while client.state() != "STOPPED" {
        assert!(std::time::Instant::now() < deadline, "it does not end");
    }
    let ran = client.call(&["task", "kill", "c"]);
    client.saw("one that has ended", refusal(&ran));
    let ran = client.call(&["task", "exec", "--exec-id", "e", "c", "/bin/true"]);
    client.saw("an exec in it", if ran.code == 0 { "done" } else { "refused" });
    let ran = client.call(&["task", "delete", "c"]);
    let said = ran.err.split("exit code ").nth(1).and_then(|rest| rest.split_whitespace().next());
    client.saw("its exit code", said.unwrap_or("none").trim_matches('"'));
    client.done(&["container", "delete", "c"]);
}

fn refuses_wrong_calls(client: &mut Client<'_>) {
    for call in ["pause", "resume", "kill", "delete", "ps", "metrics"] {
        let ran = client.call(&["task", call, "none"]);
        client.saw(&format!("{call} of none"), refusal(&ran));
    }
    client.detached(&["/bin/sleep", "1000"]);
    let ran = client.call(&["task", "delete", "c"]);
    client.saw("removal while it runs", refusal(&ran));
    let ran = client.call(&["task", "start", "c"]);
    client.saw("a second task", refusal(&ran));
    let ran = client.call(&["task", "kill", "--exec-id", "none", "c"]);
    client.saw("kill of no exec", refusal(&ran));
    client.remove();
}

fn has_no_such_program(client: &mut Client<'_>) {
    let ran = tools::finish(client.command(&[], &["/no/such"]));
    let is_named = ran.err.contains("/no/such");
    client.saw("the first", format!("exit code {}, named: {is_named}", ran.code));
    client.detached(&["/bin/sleep", "1000"]);
    let ran = client.call(&["task", "exec", "--exec-id", "e", "c", "/no/such"]);
    let is_named = ran.err.contains("/no/such");
    client.saw("an exec", format!("exit code {}, named: {is_named}", ran.code));
    client.remove();
}

fn is_held_to_its_memory(client: &mut Client<'_>) {
    let limit = (32 << 20).to_string();
    // While the memory of who was killed is not free yet, the kernel kills the next one: that
    // is to be one of these too, and not the first process.
    let eats = "echo 1000 > /proc/self/oom_score_adj; \
                head -c 200000000 /dev/zero | tail -c 150000000 | wc -c";
    let script = format!("sh -c '{eats}'; echo alive");
    let ran = client.run(&["--memory-limit", &limit], &script);
    let alive = ran.out.lines().find(|line| *line == "alive");
    client.saw("a process beyond it", format!("exit code {}, {alive:?}", ran.code));
}

/// Logs as containerd's shims have it done: the outputs are its files 3 and 4, and that it
/// is ready it says by closing the file 5.
const LOGGER: &str = "#!/bin/sh
exec 5>&-
{ cat <&3; cat <&4; echo \"$1 $CONTAINER_NAMESPACE $CONTAINER_ID\"; } > \"$2\"
";

/// `file:` and `binary:` addresses of logs.
fn writes_logs(client: &mut Client<'_>) {
    let folder = client.containerd.fifos();
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = format!("{folder}/{}.log", client.runtime);
    // containerd's own shim now and then loses what was written last: it has more tries.
    let tries = if client.runtime == RUNHCS { 1 } else { 10 };
    let mut seen = String::new();
    for _ in 0..tries {
        let _ = std::fs::remove_file(&file);
        let ran = client.run(&["--log-uri", &format!("file://{file}")], "echo out; echo err >&2");
        let log = std::fs::read_to_string(&file).unwrap_or_default();
        let mut lines: Vec<_> = log.lines().collect();
        lines.sort_unstable();
        seen = format!("exit code {}, {lines:?}", ran.code);
        if lines.len() == 2 {
            break;
        }
    }
    client.saw("a file", seen);

    let copied = format!("{folder}/{}.binary", client.runtime);
    let program = format!("{folder}/logger");
    std::fs::write(&program, LOGGER).expect("a program");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("a program");
    let address = format!("binary://{program}?out={copied}");
    let ran = client.run(&["--log-uri", &address], "echo out; echo err >&2; exit 2");
    let text = std::fs::read_to_string(&copied).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    client.saw("a program, its first line", format!("exit code {}, {first:?}", ran.code));
    if client.runtime == RUNHCS {
        let whole = format!("out\nerr\nout {} c\n", client.containerd.namespace());
        assert_eq!(text, whole, "the program reads to the end");
    }
}

fn is_started_again(client: &mut Client<'_>) {
    client.done(&[
        "container",
        "create",
        "--runtime",
        client.runtime,
        IMAGE,
        "c",
        "/bin/echo",
        "x",
    ]);
    for time in ["first", "second"] {
        let ran = client.call(&["task", "start", "c"]);
        client.saw(time, whole(&ran));
    }
    client.done(&["container", "delete", "c"]);
}

fn tells_its_events(client: &mut Client<'_>) {
    let events = Events::of(client.containerd);
    client.detached(&["/bin/sleep", "1000"]);
    client.exec("e", "true").ok();
    client.done(&["task", "delete", "--force", "c"]);
    client.done(&["container", "delete", "c"]);
    let heard =
        events.until(|event| event.topic == "/tasks/delete" && event.content.get("id").is_none());
    let topics: Vec<&str> = heard.iter().map(|event| event.topic.as_str()).collect();
    client.saw("in their order", topics.join(" "));
}

fn survives_containerd(client: &mut Client<'_>) {
    client.detached(&["/bin/sleep", "1000"]);
    client.containerd.restart();
    client.saw("the state", client.state());
    let ran = client.exec("e", "echo in");
    client.saw("an exec", whole(&ran));
    let events = Events::of(client.containerd);
    client.remove();
    let heard =
        events.until(|event| event.topic == "/tasks/delete" && event.content.get("id").is_none());
    // Those of the exec wait in its shim for the new containerd: before or after we listen.
    let of_exec = |event: &Event| ["id", "exec_id"].iter().any(|field| event.content[field] == "e");
    let heard = heard.iter().filter(|event| !of_exec(event));
    let topics: Vec<&str> = heard.map(|event| event.topic.as_str()).collect();
    client.saw("events after it", topics.join(" "));
}
