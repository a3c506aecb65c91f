/* Uses the Host Compute Service as its documentation says, and prints each step.
 *
 *     hcs.exe ID DOCUMENT
 *
 * DOCUMENT is a schema 2 document of a Linux container with a shell. The program
 * gives 0 where all went as documented.
 *
 *     x86_64-w64-mingw32-gcc -std=c11 -Wall -Wextra -Werror -municode \
 *         hcs.c -o hcs.exe -lcomputecore -lcomputenetwork -lole32
 */
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <computecore.h>
#include <computenetwork.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define LIMIT_MS 60000

static const HRESULT NOT_STARTED = (HRESULT)0x80370115;
static const HRESULT ALREADY_STARTED = (HRESULT)0x80370116;
static const HRESULT TIMEOUT = (HRESULT)0x80370118;
static const HRESULT CALLBACK_ALREADY_SET = (HRESULT)0x80370119;
static const HRESULT NO_PROCESS_INFO = (HRESULT)0x8037011D;

static int failures;

static void step(const char *what, BOOL is_well)
{
    printf("%s: %s\n", what, is_well ? "ok" : "FAILED");
    fflush(stdout);
    failures += !is_well;
}

/* A code is the one that is expected. */
static void expect(const char *what, HRESULT code, HRESULT expected)
{
    if (code != expected)
        printf("%s gave 0x%08lx, not 0x%08lx\n", what, (unsigned long)code, (unsigned long)expected);
    step(what, code == expected);
}

/* A code of the service, which has each in two ranges: 0x8037.... and 0xC037.... */
static void expect_code(const char *what, HRESULT code, WORD number)
{
    DWORD range = (DWORD)code & 0xFFFF0000;
    BOOL is_well = LOWORD(code) == number && (range == 0x80370000 || range == 0xC0370000);
    if (!is_well)
        printf("%s gave 0x%08lx, not number 0x%04x\n", what, (unsigned long)code, number);
    step(what, is_well);
}

/* Waits for an operation, shows what its document says of a failure. */
static HRESULT done(HCS_OPERATION operation)
{
    PWSTR document = NULL;
    HRESULT code = HcsWaitForOperationResult(operation, LIMIT_MS, &document);
    if (FAILED(code) && document)
        printf("result: %ls\n", document);
    LocalFree(document);
    return code;
}

struct told {
    HANDLE event;
    LONG calls;
    WCHAR data[512];
    DWORD thread;
};

static struct told told(void)
{
    struct told told = { .event = CreateEventW(NULL, TRUE, FALSE, NULL) };
    return told;
}

static void tell(struct told *told, PCWSTR data)
{
    InterlockedIncrement(&told->calls);
    told->thread = GetCurrentThreadId();
    if (data)
        wcsncpy(told->data, data, ARRAYSIZE(told->data) - 1);
    SetEvent(told->event);
}

static void CALLBACK on_system(HCS_EVENT *event, void *context)
{
    if (event->Type == HcsEventSystemExited)
        tell(context, event->EventData);
}

static void CALLBACK on_process(HCS_EVENT *event, void *context)
{
    if (event->Type == HcsEventProcessExited)
        tell(context, event->EventData);
}

/* Closes its own operation, which is allowed. */
static void CALLBACK on_done(HCS_OPERATION operation, void *context)
{
    PWSTR document = NULL;
    HRESULT code = HcsGetOperationResult(operation, &document);
    HcsCloseOperation(operation);
    if (SUCCEEDED(code))
        tell(context, document);
    LocalFree(document);
}

static void CALLBACK on_operation(HCS_EVENT *event, void *context)
{
    if (event->Type != HcsEventOperationCallback)
        return;
    if (SUCCEEDED(HcsGetOperationResult(event->Operation, NULL)))
        tell(context, NULL);
}

static BOOL wait_for(struct told *told)
{
    return WaitForSingleObject(told->event, LIMIT_MS) == WAIT_OBJECT_0;
}

/* One overlapped transfer; -1 at the end of the stream. */
static int transfer(HANDLE pipe, void *bytes, DWORD length, BOOL is_read)
{
    OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
    DWORD count = 0;
    BOOL is_started = is_read ? ReadFile(pipe, bytes, length, NULL, &overlapped)
                              : WriteFile(pipe, bytes, length, NULL, &overlapped);
    BOOL is_done = (is_started || GetLastError() == ERROR_IO_PENDING) &&
                   GetOverlappedResult(pipe, &overlapped, &count, TRUE);
    DWORD error = GetLastError();
    CloseHandle(overlapped.hEvent);
    if (is_done)
        return (int)count;
    if (error != ERROR_BROKEN_PIPE)
        printf("a transfer gave error %lu\n", error);
    return -1;
}

static size_t read_all(HANDLE pipe, char *text, size_t size)
{
    size_t length = 0;
    int count;
    while (length < size - 1 &&
           (count = transfer(pipe, text + length, (DWORD)(size - 1 - length), TRUE)) >= 0)
        length += (size_t)count;
    text[length] = 0;
    return length;
}

static void misuse(void)
{
    HCS_OPERATION operation = HcsCreateOperation(NULL, NULL);
    HCS_SYSTEM system = NULL;
    HCS_PROCESS process = NULL;
    step("an operation is created", operation != NULL);
    step("it has an id", HcsGetOperationId(operation) != HCS_INVALID_OPERATION_ID);
    step("it is of no type yet", HcsGetOperationType(operation) == HcsOperationTypeNone);
    expect("result of an operation without a call", HcsGetOperationResult(operation, NULL), NOT_STARTED);
    expect("wait for it", HcsWaitForOperationResult(operation, 0, NULL), NOT_STARTED);
    expect("open without an id", HcsOpenComputeSystem(NULL, GENERIC_ALL, &system), E_INVALIDARG);
    expect("open without a handle", HcsOpenComputeSystem(L"x", GENERIC_ALL, NULL), E_POINTER);
    expect("create without a document",
           HcsCreateComputeSystem(L"x", NULL, operation, NULL, &system), E_INVALIDARG);
    expect("create without a handle",
           HcsCreateComputeSystem(L"x", L"{}", operation, NULL, NULL), E_POINTER);
    expect("create without an operation",
           HcsCreateComputeSystem(L"x", L"{}", NULL, NULL, &system), E_INVALIDARG);
    expect("start nothing", HcsStartComputeSystem(NULL, operation, NULL), E_INVALIDARG);
    expect("start an operation", HcsStartComputeSystem((HCS_SYSTEM)operation, operation, NULL), E_HANDLE);
    expect("close nothing", (HcsCloseComputeSystem(NULL), S_OK), S_OK);
    expect_code("open an unknown id",
                HcsOpenComputeSystem(L"there-is-no-such-system", GENERIC_ALL, &system), 0x010E);
    step("no handle is given then", system == NULL);

    expect("create of no JSON is taken",
           HcsCreateComputeSystem(L"there-is-no-such-system", L"{", operation, NULL, &system), S_OK);
    step("a handle is given at once", system != NULL);
    PWSTR document = NULL;
    expect_code("and fails", HcsWaitForOperationResult(operation, LIMIT_MS, &document), 0x010D);
    step("with a result document", document && wcsstr(document, L"\"Error\":"));
    LocalFree(document);
    HcsCloseComputeSystem(system);
    expect("start what is closed", HcsStartComputeSystem(system, operation, NULL), E_HANDLE);
    expect("create a process in it", HcsCreateProcess(system, L"{}", operation, NULL, &process), E_HANDLE);
    expect("cancel, which is not implemented", HcsCancelOperation(operation), E_NOTIMPL);
    HcsCloseOperation(operation);
    HcsCloseOperation(operation);
    expect("result of a closed operation", HcsGetOperationResult(operation, NULL), E_HANDLE);
    step("id of a closed operation", HcsGetOperationId(operation) == HCS_INVALID_OPERATION_ID);
    expect("wait for a closed process", HcsWaitForProcessExit((HCS_PROCESS)operation, 0, NULL), E_HANDLE);
}

static void network(void)
{
    GUID id = { 0x12345678, 1, 2, { 3, 4, 5, 6, 7, 8, 9, 10 } };
    HCN_NETWORK network = NULL;
    PWSTR error = NULL;
    expect("a network is not supported", HcnCreateNetwork(&id, L"{}", &network, &error),
           HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED));
    step("and its error record says so", error && wcsstr(error, L"\"Success\":false"));
    CoTaskMemFree(error);
    expect("close of no network", HcnCloseNetwork(&id), E_HANDLE);
}

/* Operations are told to the system's callback, those of a system that is being
 * made too. */
static void operation_events(PCWSTR id, PCWSTR configuration)
{
    struct told events = told();
    HCS_OPERATION operation = HcsCreateOperation(NULL, NULL);
    HCS_SYSTEM system = NULL;
    expect("create, told to the system's callback",
           HcsCreateComputeSystem(id, configuration, operation, NULL, &system), S_OK);
    expect("set it", HcsSetComputeSystemCallback(system, HcsEventOptionEnableOperationCallbacks, &events, on_operation), S_OK);
    step("it is called", wait_for(&events));
    HCS_OPERATION other = HcsCreateOperation(NULL, on_done);
    expect("an operation with a callback of its own is refused",
           HcsStartComputeSystem(system, other, NULL), CALLBACK_ALREADY_SET);
    HcsCloseOperation(other);
    expect("terminate", HcsTerminateComputeSystem(system, operation, NULL), S_OK);
    expect("it is done", done(operation), S_OK);
    HcsCloseOperation(operation);
    HcsCloseComputeSystem(system);
    CloseHandle(events.event);
}

/* Closes the system that it is given, from inside, and then the operation. */
static void CALLBACK on_close(HCS_OPERATION operation, void *context)
{
    struct told *told = context;
    HcsCloseComputeSystem(HcsGetComputeSystemFromOperation(operation));
    HcsCloseOperation(operation);
    tell(told, NULL);
}

/* Handles are closed in all orders while calls go on. */
static void closings(PCWSTR id)
{
    /* A callback that closes its own operation may end after this function. */
    static struct told closed, events, cut;
    closed = told(), events = told(), cut = told();
    LONG rounds = 0, taken = 0;
    for (int round = 0; round < 200; round++) {
        HCS_SYSTEM system = NULL;
        HCS_PROCESS process = NULL;
        if (FAILED(HcsOpenComputeSystem(id, GENERIC_ALL, &system)))
            break;
        HcsSetComputeSystemCallback(system, HcsEventOptionNone, &events, on_system);
        HCS_OPERATION operation = HcsCreateOperation(round % 4 == 3 ? &closed : &cut,
                                                     round % 4 == 3 ? on_close : on_done);
        HCS_OPERATION other = HcsCreateOperation(NULL, NULL);
        if (round % 8 == 0)
            taken += SUCCEEDED(HcsCreateProcess(system, L"{\"CommandArgs\":[\"true\"]}", other, NULL, &process));
        else
            taken += SUCCEEDED(HcsGetComputeSystemProperties(system, other, NULL));
        taken += SUCCEEDED(HcsGetComputeSystemProperties(system, operation, NULL));
        switch (round % 4) {
        case 0:
            HcsCloseOperation(operation);
            HcsCloseOperation(other);
            HcsCloseComputeSystem(system);
            HcsCloseProcess(process);
            break;
        case 1:
            HcsCloseComputeSystem(system);
            HcsCloseOperation(other);
            HcsCloseOperation(operation);
            break;
        case 2:
            HcsCloseProcess(process);
            HcsCloseOperation(other);
            HcsCloseComputeSystem(system);
            HcsWaitForOperationResult(operation, LIMIT_MS, NULL);
            HcsCloseOperation(operation);
            break;
        default:
            HcsWaitForOperationResult(other, LIMIT_MS, NULL);
            HcsCloseOperation(other);
            rounds += wait_for(&closed);
            ResetEvent(closed.event);
        }
    }
    step("calls are taken while others go on", taken == 400);
    step("a callback closes what it is about", rounds == 50 && closed.calls == 50);
    step("no event comes of it", events.calls == 0);
}

static void run(HCS_SYSTEM system, struct told *exit)
{
    static const WCHAR parameters[] =
        L"{\"CommandArgs\":[\"sh\",\"-c\",\"read line; echo got $line; echo aside >&2; exit 7\"],"
        L"\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true,\"CreateStdErrPipe\":true}";
    HCS_OPERATION operation = HcsCreateOperation(NULL, NULL);
    HCS_PROCESS process = NULL;
    HCS_PROCESS_INFORMATION information = { 0 };
    PWSTR document = NULL;
    char text[256];

    expect("create a process", HcsCreateProcess(system, parameters, operation, NULL, &process), S_OK);
    step("the operation knows it", HcsGetProcessFromOperation(operation) == process);
    expect("it runs", HcsWaitForOperationResultAndProcessInfo(operation, LIMIT_MS, &information, &document), S_OK);
    LocalFree(document);
    step("it has an id and streams", information.ProcessId && information.StdInput &&
                                         information.StdOutput && information.StdError);
    HCS_PROCESS_INFORMATION again;
    expect("the streams are given once",
           HcsGetOperationResultAndProcessInfo(operation, &again, NULL), NO_PROCESS_INFO);
    expect("set its callback", HcsSetProcessCallback(process, HcsEventOptionNone, exit, on_process), S_OK);
    expect("it has not exited", HcsWaitForProcessExit(process, 0, NULL), TIMEOUT);

    char line[] = "hello\n";
    step("write to it", transfer(information.StdInput, line, 6, FALSE) == 6);
    CloseHandle(information.StdInput);
    read_all(information.StdOutput, text, sizeof(text));
    step("read what it writes", strcmp(text, "got hello\n") == 0);
    read_all(information.StdError, text, sizeof(text));
    step("on both streams", strcmp(text, "aside\n") == 0);
    CloseHandle(information.StdOutput);
    CloseHandle(information.StdError);

    step("its callback is called", wait_for(exit));
    step("with its exit code", wcsstr(exit->data, L"\"ExitCode\":7") != NULL);
    expect("wait for its exit", HcsWaitForProcessExit(process, LIMIT_MS, &document), S_OK);
    LocalFree(document);
    document = NULL;
    expect("ask for its properties", HcsGetProcessProperties(process, operation, NULL), S_OK);
    expect("they come", HcsWaitForOperationResult(operation, LIMIT_MS, &document), S_OK);
    step("with its exit code too", document && wcsstr(document, L"\"ExitCode\":7"));
    LocalFree(document);
    HcsCloseProcess(process);
    expect("a closed process", HcsGetProcessProperties(process, operation, NULL), E_HANDLE);
    HcsCloseOperation(operation);
}

int wmain(int count, WCHAR **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: hcs.exe ID DOCUMENT\n");
        return 2;
    }
    PCWSTR id = arguments[1], configuration = arguments[2];
    misuse();
    network();

    struct told system_exit = told(), process_exit = told(), started = told();
    HCS_SYSTEM system = NULL, other = NULL;
    HCS_OPERATION operation = HcsCreateOperation(NULL, NULL);
    expect("create a system", HcsCreateComputeSystem(id, configuration, operation, NULL, &system), S_OK);
    HRESULT created = done(operation);
    expect("it is created", created, S_OK);
    step("the operation says what it did", HcsGetOperationType(operation) == HcsOperationTypeCreate);
    step("and to what", HcsGetComputeSystemFromOperation(operation) == system);
    if (FAILED(created))
        return 1;
    expect("set its callback", HcsSetComputeSystemCallback(system, HcsEventOptionNone, &system_exit, on_system), S_OK);

    HCS_OPERATION own = HcsCreateOperation(&started, on_done);
    step("an operation has its context", HcsGetOperationContext(own) == &started);
    expect("start it", HcsStartComputeSystem(system, own, NULL), S_OK);
    step("the operation's callback is called", wait_for(&started));
    step("on a thread of its own", started.thread != GetCurrentThreadId());
    step("and has closed it", HcsGetOperationId(own) == HCS_INVALID_OPERATION_ID);

    expect("open it", HcsOpenComputeSystem(id, GENERIC_ALL, &other), S_OK);
    expect("ask for its properties", HcsGetComputeSystemProperties(other, operation, NULL), S_OK);
    HRESULT twice = HcsGetComputeSystemProperties(other, operation, NULL);
    step("one call at a time", twice == ALREADY_STARTED || twice == S_OK);
    expect("they come", done(operation), S_OK);

    run(system, &process_exit);
    closings(id);

    expect("it has not exited", HcsWaitForComputeSystemExit(other, 0, NULL), TIMEOUT);
    expect("terminate it", HcsTerminateComputeSystem(system, operation, NULL), S_OK);
    expect("it is terminated", done(operation), S_OK);
    step("its callback is called", wait_for(&system_exit));
    step("with a status", wcsstr(system_exit.data, L"\"ExitType\":") && wcsstr(system_exit.data, L"\"Status\":"));
    PWSTR document = NULL;
    expect("another handle knows of its exit", HcsWaitForComputeSystemExit(other, LIMIT_MS, &document), S_OK);
    LocalFree(document);

    struct told late = told();
    expect("set a callback after the exit", HcsSetComputeSystemCallback(other, HcsEventOptionNone, &late, on_system), S_OK);
    step("it is called too", wait_for(&late));
    HcsCloseOperation(operation);
    HcsCloseComputeSystem(system);
    HcsCloseComputeSystem(other);
    step("each callback was called once", system_exit.calls == 1 && process_exit.calls == 1 &&
                                              started.calls == 1 && late.calls == 1);
    expect_code("it is gone", HcsOpenComputeSystem(id, GENERIC_ALL, &other), 0x010E);

    operation_events(id, configuration);
    printf("%d failures\n", failures);
    return failures != 0;
}
