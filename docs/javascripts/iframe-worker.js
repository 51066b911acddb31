// Pages opened from a disk may start no worker, so the search of the theme runs in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super()
      this.onmessage = null
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      const inside = frame.contentWindow
      inside.postMessage = (data) => {
        const message = new MessageEvent("message", { data })
        this.dispatchEvent(message)
        this.onmessage?.(message)
      }
      inside.importScripts = (...addresses) =>
        addresses.reduce((before, one) => before.then(() => this.script(inside, one)), Promise.resolve())
      this.inside = inside
      this.ready = this.script(inside, address)
    }

    script(inside, address) {
      return new Promise((resolve, reject) => {
        const element = inside.document.createElement("script")
        element.src = new URL(address, document.baseURI)
        element.onload = () => resolve()
        element.onerror = () => reject(new Error(`cannot read ${address}`))
        inside.document.body.append(element)
      })
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })))
    }

    terminate() {
      this.inside.frameElement.remove()
    }
  }
}
