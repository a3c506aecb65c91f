//! Statistics from files as kernels write them.

use super::*;

#[test]
fn keyed_numbers_need_the_whole_key() {
    let text = "nr_periods 5\nnr_throttled 2\nthrottled_usec 77\n";
    assert_eq!(keyed(text, "nr_periods"), Some(5));
    assert_eq!(keyed(text, "nr"), None);
    assert_eq!(oom_kills_in("oom 3\noom_kill 1\noom_group_kill 0\n"), Some(1));
    assert_eq!(oom_kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"), Some(4));
}

#[test]
fn pressure_and_rdma_lines_are_read() {
    let line = pressure_line("avg10=1.50 avg60=0.00 avg300=0.10 total=1234").unwrap();
    assert_eq!((line.avg10, line.avg300, line.total_us), (1.5, 0.1, 1_234));
    let device = rdma("mlx4_0 hca_handle=2 hca_object=2000").unwrap();
    assert_eq!((device.handles, device.objects), (2, 2_000));
}

#[test]
fn io_stat_lines_without_counts_are_read() {
    let devices =
        io_counters::v2("8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n7:1 \nx\n");
    assert_eq!(devices.len(), 2);
    assert_eq!(devices[&(8, 0)].write_bytes, 20);
    assert_eq!(devices[&(7, 1)], DeviceIo { major: 7, minor: 1, ..DeviceIo::default() });
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "[ -~\n]{0,200}") {
        let _ = keyed(&text, "usage_usec");
        let _ = (pressure_line(&text), rdma(&text), io_counters::v2(&text));
    }
}
