# Written by muster from the cluster file. Changes here are undone by the next up.
proxyon() {
  export http_proxy=http://10.0.0.1:7890
  export https_proxy=http://10.0.0.1:7890
  export no_proxy=localhost,127.0.0.1,::1,node-1,172.16.16.4,node-2,172.16.16.3,.corp
  export HTTP_PROXY=http://10.0.0.1:7890
  export HTTPS_PROXY=http://10.0.0.1:7890
  export NO_PROXY=localhost,127.0.0.1,::1,node-1,172.16.16.4,node-2,172.16.16.3,.corp
  echo "proxy on"
}

unproxy() {
  unset http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
  echo "proxy off"
}

# Fetches one page through the proxy, whether it is on or not. Fails when the proxy does.
proxytest() {
  _muster_status=$(https_proxy=http://10.0.0.1:7890 http_proxy=http://10.0.0.1:7890 no_proxy= NO_PROXY= \
    curl -sS -I -o /dev/null -w '%{http_code}' --max-time 15 https://www.google.com)
  _muster_result=$?
  case "$_muster_result:$_muster_status" in
    0:2?? | 0:3??)
      echo "proxy works: $_muster_status from "https://www.google.com
      return 0
      ;;
    *)
      echo "proxy does not work: status $_muster_status from "https://www.google.com >&2
      return 1
      ;;
  esac
}
