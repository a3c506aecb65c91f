/*
 * The random numbers that the standard library of Rust starts with. Wine 8 has
 * no such DLL, and without it a program ends before its main function.
 */
#include <windows.h>
#include <ntsecapi.h>

/* Fewer than one call of the system may ask for. */
#define PIECE 0x10000

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T length)
{
    while (length > 0) {
        ULONG piece = length < PIECE ? (ULONG)length : PIECE;
        if (!RtlGenRandom(data, piece))
            return FALSE;
        data += piece;
        length -= piece;
    }
    return TRUE;
}
