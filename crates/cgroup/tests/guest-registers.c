/*
 * Runs a user-mode Linux kernel on a processor with AMX.
 *
 * Such a kernel (before 6.13) keeps the registers of its processes in 2696 bytes. The
 * host takes them back by PTRACE_SETREGSET only whole, with AMX 11008 bytes, so no process
 * would start. This program has seccomp(2) stop the kernel at that call, and puts longer
 * registers in the place of its own: the same, and zeros for AMX, which no process uses.
 *
 *   guest-registers PROGRAM [ARGUMENT...]
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than all registers of any processor take, with the iovec behind them. */
enum { ROOM = 64 << 10, VECTOR_AT = ROOM - sizeof(struct iovec) };

/* Where XSAVE's header says which components follow, and the bits that are AMX's. */
enum { COMPONENTS_AT = 512 };
static const unsigned long AMX = 3UL << 17;

static void fail(const char *what)
{
    fprintf(stderr, "guest-registers: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void check(long result, const char *what)
{
    if (result < 0)
        fail(what);
}

/* Runs the program once the other end of the pipe is closed. */
static void run(char **argv, const int pipe_ends[2])
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PTRACE_SETREGSET, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NT_X86_XSTATE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
    char byte;
    close(pipe_ends[1]);
    check(read(pipe_ends[0], &byte, 1), "waiting to be traced");
    close(pipe_ends[0]);
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
    execvp(argv[0], argv);
    fail(argv[0]);
}

/* Has the traced process, which stands at a system call, make memory instead. It stands at
   the same call again when it has gone on. */
static unsigned long make_memory(pid_t pid, const struct user_regs_struct *call)
{
    struct user_regs_struct registers = *call;
    unsigned long made;
    int status;
    registers.orig_rax = SYS_mmap;
    registers.rdi = 0;
    registers.rsi = ROOM;
    registers.rdx = PROT_READ | PROT_WRITE;
    registers.r10 = MAP_PRIVATE | MAP_ANONYMOUS;
    registers.r8 = (unsigned long)-1;
    registers.r9 = 0;
    check(ptrace(PTRACE_SETREGS, pid, 0, &registers), "setting a system call");
    check(ptrace(PTRACE_SYSCALL, pid, 0, 0), "going on to the end of a system call");
    check(waitpid(pid, &status, __WALL), "waiting for the end of a system call");
    check(ptrace(PTRACE_GETREGS, pid, 0, &registers), "getting the result");
    made = registers.rax;
    if (made > -4096UL) {
        errno = (int)-made;
        fail("making memory in the kernel");
    }
    registers = *call;
    registers.rax = call->orig_rax;
    registers.rip -= 2; /* The instruction `syscall`. */
    check(ptrace(PTRACE_SETREGS, pid, 0, &registers), "setting the call once more");
    return made;
}

/* Puts whole registers in the place of those that the call is about. */
static void complete(pid_t pid)
{
    static unsigned long memory;
    static char all[ROOM];
    struct user_regs_struct call;
    struct iovec whole = { all, VECTOR_AT }, given;
    struct iovec local = { &given, sizeof given }, remote;
    unsigned long components;

    check(ptrace(PTRACE_GETREGS, pid, 0, &call), "getting a system call");
    if (!memory) {
        memory = make_memory(pid, &call);
        return;
    }
    /* For their size alone. */
    check(ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &whole), "getting registers");
    remote = (struct iovec){ (void *)call.r10, sizeof given };
    check(process_vm_readv(pid, &local, 1, &remote, 1, 0), "reading the place of registers");
    if (given.iov_len >= whole.iov_len)
        return;
    memset(all, 0, whole.iov_len);
    local = (struct iovec){ all, given.iov_len };
    check(process_vm_readv(pid, &local, 1, &given, 1, 0), "reading registers");
    memcpy(&components, all + COMPONENTS_AT, sizeof components);
    components &= ~AMX;
    memcpy(all + COMPONENTS_AT, &components, sizeof components);
    given = (struct iovec){ (void *)memory, whole.iov_len };
    memcpy(all + VECTOR_AT, &given, sizeof given);
    local = (struct iovec){ all, ROOM };
    remote = (struct iovec){ (void *)memory, ROOM };
    check(process_vm_writev(pid, &local, 1, &remote, 1, 0), "writing registers");
    call.r10 = memory + VECTOR_AT;
    check(ptrace(PTRACE_SETREGS, pid, 0, &call), "setting a system call");
}

int main(int argc, char **argv)
{
    int pipe_ends[2], status;
    pid_t pid;
    if (argc < 2) {
        fputs("usage: guest-registers PROGRAM [ARGUMENT...]\n", stderr);
        return 125;
    }
    check(pipe(pipe_ends), "making a pipe");
    pid = fork();
    check(pid, "starting a process");
    if (pid == 0)
        run(argv + 1, pipe_ends);
    check(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), "tracing");
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    for (;;) {
        int event, signal = 0;
        check(waitpid(pid, &status, __WALL), "waiting");
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        if (WIFSIGNALED(status))
            return 128 + WTERMSIG(status);
        event = status >> 16;
        if (event == PTRACE_EVENT_STOP) {
            check(ptrace(PTRACE_LISTEN, pid, 0, 0), "letting it stand");
            continue;
        }
        if (event == PTRACE_EVENT_SECCOMP)
            complete(pid);
        else
            signal = WSTOPSIG(status);
        check(ptrace(PTRACE_CONT, pid, 0, signal), "going on");
    }
}
