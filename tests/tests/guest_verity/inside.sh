#!/bin/sh
# In a guest: opens images with dm-verity, mounts them and reads their files.
#
#   inside.sh MODULES HASH_OFFSET [IMAGE ROOT_HASH]...
#
# Says `IMAGE: refused` where a device or its mount fails, else `IMAGE: FILE: SHA256`,
# or `IMAGE: FILE: ` and what cat said, for each file; `done` when all were tried.
modules=$1/$(uname -r)/kernel/drivers offset=$2
shift 2
# In the order that they need each other.
for module in block/loop md/dm-mod md/dm-bufio md/dm-verity; do
    busybox insmod "$modules/$module.ko" || exit 1
done
point=$(mktemp -d)
while [ $# -gt 0 ]; do
    image=$1 root=$2
    shift 2
    if veritysetup open "$image" e2e "$image" "$root" "--hash-offset=$offset" &&
        mount -t ext4 -o ro /dev/mapper/e2e "$point"; then
        (cd "$point" && find . -type f) | sort | while read -r file; do
            # What was read before is checked anew.
            echo 3 >/proc/sys/vm/drop_caches
            if said=$(cat "$point/$file" 2>&1 >"$point.read"); then
                said=$(sha256sum <"$point.read")
            fi
            echo "$image: ${file#./}: ${said%  -}"
        done
        umount "$point"
    else
        echo "$image: refused"
    fi
    veritysetup close e2e
done
echo done
