//! Times create, start, exit and delete of a bundle's program, and the same for exec.
//!
//! `timing BUNDLE [ROUNDS [CGROUP]]`; the program's output is thrown away. With the path of a
//! control group each container has one, made and removed inside the time.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::path::PathBuf;
    use std::time::Instant;

    use runtime::{CreateOptions, Init, ProcessIo, create, wait};

    let mut args = std::env::args().skip(1);
    let bundle = PathBuf::from(args.next().ok_or("usage: timing BUNDLE [ROUNDS]")?);
    let rounds: usize = args.next().map_or(Ok(50), |text| text.parse())?;
    let group_path = args.next();
    let hierarchies = group_path.is_some().then(cgroup::Hierarchies::detect).transpose()?;
    let spec = oci_spec::runtime::Spec::load(bundle.join("config.json"))?;
    let process = spec.process().clone().ok_or("the specification has no process")?;

    let wait_for = |fd: &std::os::fd::OwnedFd| -> std::io::Result<i32> {
        loop {
            let mut fds = [rustix::event::PollFd::new(fd, rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut fds, None)?;
            if let Some(status) = wait(fd)? {
                return Ok(status.code);
            }
        }
    };
    let report = |name: &str, times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        let middle = times[times.len() / 2];
        println!(
            "{name}: median {middle:.2} ms, least {:.2}, most {:.2}",
            times[0],
            times[times.len() - 1]
        );
    };

    let mut times = Vec::new();
    let mut creates = Vec::new();
    for round in 0..rounds {
        let begin = Instant::now();
        let id = format!("timing-{round}");
        let group = match (&hierarchies, &group_path) {
            (Some(hierarchies), Some(path)) => Some(cgroup::Group::create(hierarchies, path)?),
            _ => None,
        };
        let mut options = CreateOptions::new(id, &bundle, spec.clone());
        options.cgroup = group.as_ref();
        let mut container = create(options)?;
        creates.push(begin.elapsed().as_secs_f64() * 1e3);
        container.start()?;
        let code = wait_for(&container.init().pidfd)?;
        container.delete()?;
        group.map_or(Ok(()), |group| group.remove())?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        if code != 0 {
            return Err(format!("the program ended with {code}").into());
        }
    }
    report("create", &mut creates);
    report("create+start+exit+delete", &mut times);

    let mut options = CreateOptions::new("timing", &bundle, spec.clone());
    options.init = Init::Reaper;
    let mut container = create(options)?;
    container.start()?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let spawned = container.exec(&process, ProcessIo::null(), None, Vec::new())?;
        wait_for(&spawned.pidfd)?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    report("exec+exit", &mut times);
    let memory = |pid: u32| -> std::io::Result<String> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let lines =
            status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("Rss"));
        Ok(lines.collect::<Vec<_>>().join(", ").replace('\t', " "))
    };
    println!("maker:  {}", memory(std::process::id())?);
    println!("reaper: {}", memory(container.init().pid)?);
    container.delete()?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
