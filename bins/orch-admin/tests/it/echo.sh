#!/bin/sh
# A tiny MCP server over stdio for the tests of the command line. Its tools: echo, fail.
while IFS= read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    message=$(printf '%s' "$line" | sed -n 's/.*"message":"\([^"]*\)".*/\1/p')
    case $line in
        *'"initialize"'*)
            result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}'
            ;;
        *'"tools/list"'*)
            result='{"tools":[{"name":"echo","description":"Says it back","inputSchema":{"type":"object"}},{"name":"fail","inputSchema":{"type":"object"}}]}'
            ;;
        *'"tools/call"'*'"fail"'*)
            result='{"content":[{"type":"text","text":"it failed"}],"isError":true}'
            ;;
        *'"tools/call"'*)
            result='{"content":[{"type":"text","text":"'"$GREETING $message"'"}],"vendor":1.0}'
            ;;
        *)
            result='{}'
            ;;
    esac
    if [ -n "$id" ]; then
        printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
    fi
done
