/* Uses the older calls of the Host Compute Service, which no header describes, as
 * their callers do, and prints each step.
 *
 *     vmcompute.exe ID DOCUMENT
 *
 * DOCUMENT is a schema 2 document of a Linux container with a shell. The program
 * gives 0 where all went as expected.
 *
 *     x86_64-w64-mingw32-gcc -std=c11 -Wall -Wextra -Werror -municode \
 *         vmcompute.c -o vmcompute.exe -lole32
 */
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <computedefs.h>
#include <objbase.h>
#include <stdio.h>
#include <string.h>
#include <tlhelp32.h>
#include <wchar.h>

#define LIMIT_MS 60000

#define FUNCTIONS(X)                                                                             \
    X(HcsCreateComputeSystem, (PCWSTR, PCWSTR, HANDLE, HCS_SYSTEM *, PWSTR *))                   \
    X(HcsOpenComputeSystem, (PCWSTR, HCS_SYSTEM *, PWSTR *))                                     \
    X(HcsCloseComputeSystem, (HCS_SYSTEM))                                                       \
    X(HcsStartComputeSystem, (HCS_SYSTEM, PCWSTR, PWSTR *))                                      \
    X(HcsTerminateComputeSystem, (HCS_SYSTEM, PCWSTR, PWSTR *))                                  \
    X(HcsEnumerateComputeSystems, (PCWSTR, PWSTR *, PWSTR *))                                    \
    X(HcsGetComputeSystemProperties, (HCS_SYSTEM, PCWSTR, PWSTR *, PWSTR *))                     \
    X(HcsRegisterComputeSystemCallback,                                                          \
      (HCS_SYSTEM, HCS_NOTIFICATION_CALLBACK, void *, HCS_CALLBACK *))                           \
    X(HcsUnregisterComputeSystemCallback, (HCS_CALLBACK))                                        \
    X(HcsCreateProcess,                                                                          \
      (HCS_SYSTEM, PCWSTR, HCS_PROCESS_INFORMATION *, HCS_PROCESS *, PWSTR *))                   \
    X(HcsOpenProcess, (HCS_SYSTEM, DWORD, HCS_PROCESS *, PWSTR *))                               \
    X(HcsTerminateProcess, (HCS_PROCESS, PWSTR *))                                               \
    X(HcsCloseProcess, (HCS_PROCESS))                                                            \
    X(HcsGetProcessProperties, (HCS_PROCESS, PWSTR *, PWSTR *))                                  \
    X(HcsRegisterProcessCallback,                                                                \
      (HCS_PROCESS, HCS_NOTIFICATION_CALLBACK, void *, HCS_CALLBACK *))                          \
    X(HcsUnregisterProcessCallback, (HCS_CALLBACK))                                              \
    X(HNSCall, (PCWSTR, PCWSTR, PCWSTR, PWSTR *))                                                \
    X(NameToGuid, (PCWSTR, GUID *))                                                              \
    X(DestroyLayer, (void *, PCWSTR))

#define DECLARE(name, arguments) static HRESULT(WINAPI *name) arguments;
FUNCTIONS(DECLARE)

static const HRESULT PENDING = (HRESULT)0xC0370103;

static int failures;

static void step(const char *what, BOOL is_well)
{
    printf("%s: %s\n", what, is_well ? "ok" : "FAILED");
    fflush(stdout);
    failures += !is_well;
}

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

/* What a callback was told last of one kind. */
struct told {
    DWORD kind;
    HANDLE event;
    HRESULT status;
    LONG calls;
    HCS_CALLBACK own;
};

static struct told told(DWORD kind)
{
    struct told told = { .kind = kind, .event = CreateEventW(NULL, FALSE, FALSE, NULL) };
    return told;
}

static void CALLBACK on_notification(DWORD kind, void *context, HRESULT status, PCWSTR data)
{
    struct told *told = context;
    (void)data;
    if (kind != told->kind)
        return;
    told->status = status;
    InterlockedIncrement(&told->calls);
    SetEvent(told->event);
}

/* Unregisters itself, which must not wait for itself. */
static void CALLBACK on_last(DWORD kind, void *context, HRESULT status, PCWSTR data)
{
    struct told *told = context;
    if (kind == told->kind)
        expect("a callback unregisters itself", HcsUnregisterComputeSystemCallback(told->own), S_OK);
    on_notification(kind, context, status, data);
}

static BOOL wait_for(struct told *told)
{
    return WaitForSingleObject(told->event, LIMIT_MS) == WAIT_OBJECT_0;
}

static BOOL load(void)
{
    HMODULE dll = LoadLibraryW(L"vmcompute.dll");
    if (!dll)
        return FALSE;
#define FIND(name, arguments)                                                 \
    name = (HRESULT(WINAPI *) arguments)(void *)GetProcAddress(dll, #name);   \
    if (!name)                                                                \
        return FALSE;
    FUNCTIONS(FIND)
    return TRUE;
}

static void run(HCS_SYSTEM system)
{
    HCS_PROCESS process = NULL, other = NULL;
    HCS_PROCESS_INFORMATION information;
    HCS_CALLBACK callback = NULL;
    PWSTR document = NULL, result = NULL;
    struct told exited = told(HcsNotificationProcessExited);
    expect("create a process",
           HcsCreateProcess(system,
                            L"{\"CommandArgs\":[\"sh\",\"-c\",\"printf out; exec sleep 1000\"],"
                            L"\"CreateStdOutPipe\":true}",
                            &information, &process, &result), S_OK);
    step("it has an id and the stream asked for", information.ProcessId && information.StdOutput &&
                                                      !information.StdInput && !information.StdError);
    expect("register its callback", HcsRegisterProcessCallback(process, on_notification, &exited, &callback), S_OK);
    char text[4] = { 0 };
    OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
    DWORD length = 0, count = 0;
    while (length < 3 && (ReadFile(information.StdOutput, text + length, 3 - length, NULL, &overlapped) ||
                          GetLastError() == ERROR_IO_PENDING) &&
           GetOverlappedResult(information.StdOutput, &overlapped, &count, TRUE))
        length += count;
    step("read what it writes", strcmp(text, "out") == 0);
    expect("open it", HcsOpenProcess(system, information.ProcessId, &other, NULL), S_OK);
    expect("terminate it", HcsTerminateProcess(other, &result), S_OK);
    step("its callback is called", wait_for(&exited));
    expect("ask for its properties", HcsGetProcessProperties(process, &document, &result), S_OK);
    step("they have an exit code", document && wcsstr(document, L"\"Exited\":true"));
    CoTaskMemFree(document);
    expect("unregister its callback", HcsUnregisterProcessCallback(callback), S_OK);
    expect("unregister it again", HcsUnregisterProcessCallback(callback), E_HANDLE);
    expect("close it", HcsCloseProcess(process), S_OK);
    expect("close it again", HcsCloseProcess(process), E_HANDLE);
    expect("close the other handle", HcsCloseProcess(other), S_OK);
    CloseHandle(information.StdOutput);
    CloseHandle(overlapped.hEvent);
}

static int threads(void)
{
    THREADENTRY32 entry = { .dwSize = sizeof(entry) };
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    int count = 0;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}

/* Streams that are closed in all ways leave no thread behind. */
static void streams(HCS_SYSTEM system)
{
    static const PCWSTR scripts[] = {
        /* It ends first, the caller closes first, the caller reads to the end. */
        L"true", L"exec sleep 1000", L"echo text",
    };
    int before = threads(), made = 0;
    for (int round = 0; round < 60; round++) {
        WCHAR parameters[256];
        HCS_PROCESS process = NULL;
        HCS_PROCESS_INFORMATION information;
        char byte;
        DWORD length;
        swprintf(parameters, ARRAYSIZE(parameters),
                 L"{\"CommandArgs\":[\"sh\",\"-c\",\"%ls\"],\"CreateStdInPipe\":true,"
                 L"\"CreateStdOutPipe\":true,\"CreateStdErrPipe\":true}", scripts[round % 3]);
        if (FAILED(HcsCreateProcess(system, parameters, &information, &process, NULL)))
            continue;
        made++;
        if (round % 3 == 1) {
            CloseHandle(information.StdOutput);
            HcsTerminateProcess(process, NULL);
        }
        OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
        while (round % 3 == 2 &&
               (ReadFile(information.StdOutput, &byte, 1, NULL, &overlapped) ||
                GetLastError() == ERROR_IO_PENDING) &&
               GetOverlappedResult(information.StdOutput, &overlapped, &length, TRUE))
            ;
        CloseHandle(overlapped.hEvent);
        if (round % 3 != 1)
            CloseHandle(information.StdOutput);
        CloseHandle(information.StdInput);
        CloseHandle(information.StdError);
        HcsCloseProcess(process);
    }
    step("processes are made", made == 60);
    int after = threads();
    for (DWORD waited = 0; after > before && waited < LIMIT_MS; waited += 100, after = threads())
        Sleep(100);
    step("their streams leave no thread", after <= before);
}

static void others(void)
{
    GUID one, two, three;
    PWSTR response = NULL;
    expect("a name has a GUID", NameToGuid(L"layer", &one), S_OK);
    expect("and has it again", NameToGuid(L"layer", &two), S_OK);
    expect("as has another", NameToGuid(L"other", &three), S_OK);
    step("the same, and another", IsEqualGUID(&one, &two) && !IsEqualGUID(&one, &three));
    expect("no name", NameToGuid(NULL, &one), E_INVALIDARG);
    expect("a layer", DestroyLayer(NULL, L"layer"), HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED));
    expect("a network", HNSCall(L"GET", L"/networks/", L"", &response), HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED));
    step("says why", response && wcsstr(response, L"\"Success\":false"));
    CoTaskMemFree(response);
}

int wmain(int count, WCHAR **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: vmcompute.exe ID DOCUMENT\n");
        return 2;
    }
    PCWSTR id = arguments[1], configuration = arguments[2];
    step("the DLL has all functions", load());
    if (failures)
        return 1;
    others();

    HCS_SYSTEM system = NULL, other = NULL;
    PWSTR document = NULL, result = NULL;
    expect_code("open an unknown id", HcsOpenComputeSystem(L"there-is-no-such-system", &system, &result), 0x010E);
    step("with a result document", result && wcsstr(result, L"\"Error\":"));
    CoTaskMemFree(result);
    expect_code("create of no JSON", HcsCreateComputeSystem(L"there-is-no-such-system", L"{", NULL, &system, &result), 0x010D);
    step("with a result document", result && wcsstr(result, L"\"Error\":"));
    CoTaskMemFree(result);
    expect("create without a handle", HcsCreateComputeSystem(id, configuration, NULL, NULL, NULL), E_POINTER);

    HRESULT created = HcsCreateComputeSystem(id, configuration, NULL, &system, &result);
    expect("create a system", created, PENDING);
    if (!system)
        return printf("result: %ls\n", result), 1;
    struct told completed = told(HcsNotificationSystemCreateCompleted);
    struct told started = told(HcsNotificationSystemStartCompleted);
    struct told exited = told(HcsNotificationSystemExited);
    struct told last = told(HcsNotificationSystemExited);
    HCS_CALLBACK callbacks[3] = { 0 };
    expect("register a callback", HcsRegisterComputeSystemCallback(system, on_notification, &completed, &callbacks[0]), S_OK);
    step("it is told of the creation before", wait_for(&completed) && completed.status == S_OK);
    expect("register another", HcsRegisterComputeSystemCallback(system, on_notification, &started, &callbacks[1]), S_OK);
    expect("and a third", HcsRegisterComputeSystemCallback(system, on_notification, &exited, &callbacks[2]), S_OK);
    expect("register none", HcsRegisterComputeSystemCallback(system, NULL, NULL, &last.own), E_INVALIDARG);
    expect("start it", HcsStartComputeSystem(system, L"", &result), PENDING);
    step("it is told when it runs", wait_for(&started) && started.status == S_OK);
    expect("start it again", HcsStartComputeSystem(system, NULL, NULL), PENDING);
    step("it is told that this fails", wait_for(&started) && FAILED(started.status));
    expect("list all", HcsEnumerateComputeSystems(NULL, &document, &result), S_OK);
    step("with it", document && wcsstr(document, id));
    CoTaskMemFree(document);
    expect("open it", HcsOpenComputeSystem(id, &other, NULL), S_OK);
    document = NULL;
    expect("ask for its properties", HcsGetComputeSystemProperties(other, NULL, &document, &result), S_OK);
    step("they come", document && wcsstr(document, id));
    CoTaskMemFree(document);

    run(system);
    streams(system);

    expect("unregister", HcsUnregisterComputeSystemCallback(callbacks[1]), S_OK);
    expect("terminate it", HcsTerminateComputeSystem(system, NULL, &result), PENDING);
    step("the callback is told of the exit", wait_for(&exited));
    expect("register a callback after the exit", HcsRegisterComputeSystemCallback(other, on_last, &last, &last.own), S_OK);
    step("it is told too", wait_for(&last));
    expect("close it", HcsCloseComputeSystem(system), S_OK);
    expect("close it again", HcsCloseComputeSystem(system), E_HANDLE);
    expect("start what is closed", HcsStartComputeSystem(system, NULL, NULL), E_HANDLE);
    expect("unregister after the close", HcsUnregisterComputeSystemCallback(callbacks[0]), S_OK);
    expect("and the other", HcsUnregisterComputeSystemCallback(callbacks[2]), S_OK);
    expect("close the other handle", HcsCloseComputeSystem(other), S_OK);
    step("each callback was called as often", completed.calls == 1 && started.calls == 2 &&
                                                   exited.calls == 1 && last.calls == 1);
    expect_code("it is gone", HcsOpenComputeSystem(id, &system, NULL), 0x010E);
    printf("%d failures\n", failures);
    return failures != 0;
}
