# Runs the server given as arguments (or watches the one whose id is ADOPT), and stops it by its id once nobody holds
# the file IN_USE any more. GUARD_LOCK says that there is a guard.
exec 8<>"$GUARD_LOCK"
flock 8
if [ -n "$ADOPT" ]; then pid=$ADOPT; else "$@" 8>&- & pid=$!; fi
(
    exec 9<>"$IN_USE"
    flock -x 9
    # whoever wants to start the server again waits for the lock until this is done
    trap '' TERM
    # again and again: a server that is only starting does not hear the first
    while kill -"$SIGNAL" "$pid" 2>/dev/null; do sleep 0.05; done
    rmdir "$SOCKET_DIR" 2>/dev/null
) &
waiting=$!
if [ -n "$ADOPT" ]; then while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done; status=0; else wait "$pid"; status=$?; fi
kill "$waiting" 2>/dev/null
wait "$waiting"
if [ -n "$SWEEP" ] && [ "$status" = 0 ]; then cd /; rm -rf "$SOCKET_DIR" "$HOME_DIR"; fi
exit "$status"
